"""The app's tables as boto3 sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pingbox.testing.runtime.runtime import TestRuntime


class DynamoDB:
    """boto3 for the emulator's tables."""

    def __init__(self, running: TestRuntime) -> None:
        self._running = running

    @property
    def client(self) -> Any:
        """boto3's client."""
        return self._running.boto3_client("dynamodb")

    @property
    def resource(self) -> Any:
        """boto3's resource."""
        return self._running.boto3_resource("dynamodb")

    def table(self, name: str) -> Any:
        """boto3's `Table`. Raises `KeyError`, with the names that there are, for one that is not there."""
        if name not in self.tables:
            raise KeyError(f"no table {name!r}; there are: {', '.join(self.tables) or 'none'}")
        return self.resource.Table(name)

    def items(self, name: str) -> list[dict[str, Any]]:
        """Every item of a table, as Python values; for looking, and for comparing whole."""
        found = self.table(name)
        page = found.scan(ConsistentRead=True)
        items: list[dict[str, Any]] = page["Items"]
        while "LastEvaluatedKey" in page:
            page = found.scan(ConsistentRead=True, ExclusiveStartKey=page["LastEvaluatedKey"])
            items.extend(page["Items"])
        return items

    @property
    def tables(self) -> list[str]:
        """The names of the tables."""
        return self._running.store.tables.table_names()
