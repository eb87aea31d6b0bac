"""moto's tables and backend with SQLite under them, and their declarations as JSON.

Subclasses of moto's `Table` and `DynamoDBBackend`: nothing of moto is patched or switched on globally except the lists
in which it would keep each object for ever. Pinned to moto 5.2: this file reaches into its models.
"""

from __future__ import annotations

import copy
import datetime
import json
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.dynamo_type import Item as MotoItem
from moto.dynamodb.models.table import Backup, Table

from pingbox.emulator.services.dynamodb.answers import Refusal
from pingbox.emulator.services.dynamodb.moto.items import Items, StoredItem, Untracked, moto_item, wire_item
from pingbox.emulator.services.dynamodb.schema import TableSchema, schema_of
from pingbox.emulator.services.dynamodb.storage.catalog import Catalog
from pingbox.emulator.services.dynamodb.storage.item_table import ItemTable, KeyRange
from pingbox.emulator.services.dynamodb.storage.ordering import after_prefix, sortable

# moto appends each object it makes to a list of its class, for a dashboard nobody opens here.
MotoItem.instances_tracked = Untracked()
Table.instances_tracked = Untracked()


class SqlTable(Table):  # type: ignore[misc]
    """moto's table, its items in SQLite."""

    __module__ = "pingbox.dynamodb"  # moto takes the second part of a module's name for the service

    rows: ItemTable | None = None

    @staticmethod
    def cloudformation_type() -> str:
        return "PingBox::DynamoDB::SqlTable"  # must not stand in for moto's own table in its CloudFormation

    def attach(self, rows: ItemTable) -> None:
        self.rows = rows
        self.items = Items(self, rows)
        self._candidates: list[MotoItem] | None = None
        # Stream records would pile up in memory for ever, and nothing here reads them.
        self.stream_shard = None

    def table_schema(self) -> TableSchema:
        return schema_of(
            self.name,
            self.schema,
            self.attr,
            [_declared(i) for i in self.indexes],
            [_declared(i) for i in self.global_indexes],
        )

    def describe(self, base_key: str = "TableDescription") -> dict[str, Any]:
        out: dict[str, Any] = super().describe(base_key)
        if self.rows is not None:
            counts = self.rows.counts()
            out[base_key]["TableSizeBytes"] = counts.size
            for index in out[base_key]["GlobalSecondaryIndexes"] + out[base_key]["LocalSecondaryIndexes"]:
                index["IndexArn"] = f"{self.table_arn}/index/{index['IndexName']}"
                index["ItemCount"] = counts.entries.get(index["IndexName"], 0)
                # The entries' share of the table's bytes: what each projects is not counted apart.
                index["IndexSizeBytes"] = counts.size * index["ItemCount"] // max(counts.items, 1)
        return out

    def __len__(self) -> int:
        return self.rows.counts().items if self.rows else 0

    def __deepcopy__(self, memo: dict[int, Any]) -> SqlTable:
        return self  # moto copies whole tables as its undo log; SQLite's rollback takes that place

    def all_items(self) -> list[MotoItem]:
        if self._candidates is not None:
            return self._candidates
        assert self.rows is not None
        return [moto_item(self, json.loads(text)) for text in self.rows.texts(KeyRange(None))]

    def query(
        self,
        hash_key: DynamoType | None,
        range_comparison: str | None,
        range_objs: list[DynamoType],
        limit: int | None,
        exclusive_start_key: dict[str, Any] | None,
        scan_index_forward: bool,
        projection_expressions: Any,
        index_name: str | None = None,
        *rest: Any,
        **filters: Any,
    ) -> Any:
        """Moto's own query over the rows of the partition only; it still filters, pages and projects."""
        self._candidates = self._of_partition(hash_key, range_comparison, range_objs, index_name)
        try:
            items, scanned, last = super().query(
                hash_key, range_comparison, range_objs, limit, exclusive_start_key, scan_index_forward,
                projection_expressions, index_name, *rest, **filters,
            )  # fmt: skip
            if last is None and limit is not None and scanned == limit and self._candidates:
                # A page that is exactly full has a last key, even when nothing follows; moto leaves it out then.
                end = self._candidates[0 if scan_index_forward is False else -1]
                last = self._get_last_evaluated_key(end, index_name)
            return items, scanned, last
        finally:
            self._candidates = None

    def _of_partition(
        self, hash_key: DynamoType | None, comparison: str | None, values: list[DynamoType], index_name: str | None
    ) -> list[MotoItem] | None:
        assert self.rows is not None
        index = self.rows.schema.indexes.get(index_name) if index_name else None
        if hash_key is None or (index_name and index is None):
            return None
        bounds = _bounds(comparison, [sortable({v.type: v.value}) for v in values]) if comparison else ()
        within = KeyRange(sortable({hash_key.type: hash_key.value}), bounds)
        return [moto_item(self, json.loads(text), StoredItem) for text in self.rows.texts(within, index)]


SqlTable.instances_tracked = Untracked()


def _declared(index: Any) -> dict[str, Any]:
    return {"IndexName": index.name, "KeySchema": index.schema, "Projection": index.projection or {}}


def _bounds(comparison: str, values: list[bytes]) -> tuple[tuple[str, bytes], ...]:
    match comparison.upper():
        case "=" | "EQ":
            return (("=", values[0]),)
        case "<" | "LT" | "<=" | "LE" | ">" | "GT" | ">=" | "GE" as operator:
            return (({"LT": "<", "LE": "<=", "GT": ">", "GE": ">="}.get(operator, operator), values[0]),)
        case "BETWEEN":
            return ((">=", values[0]), ("<=", values[1]))
        case "BEGINS_WITH":
            end = after_prefix(values[0])
            return ((">=", values[0]), *((("<", end),) if end is not None else ()))
    return ()


class SqlBackend(DynamoDBBackend):  # type: ignore[misc]
    """moto's backend over the catalog: it makes, changes and drops the SQLite trees beside moto's tables."""

    SERVICE_NAMESPACE = "dynamodb"

    tables: dict[str, Table]

    def __init__(self, catalog: Catalog, region: str, account: str) -> None:
        super().__init__(region, account)
        self._catalog = catalog
        db = catalog.store.db
        for number, _, spec in db.execute("SELECT n,name,spec FROM tables ORDER BY name").fetchall():
            self._open(number, json.loads(spec))

    @property
    def _url_module(self) -> Any:
        import moto.dynamodb.urls

        return moto.dynamodb.urls  # moto derives it from the name of the class's module

    def _open(self, number: int, spec: dict[str, Any]) -> SqlTable:
        table = SqlTable(account_id=self.account_id, region=self.region_name, **_arguments(spec))
        restore(table, spec)
        rows = self._catalog.table(table.name) if table.name in self._catalog else None
        table.attach(rows or self._new_rows(number, table))
        self.tables[table.name] = table
        return table

    def _new_rows(self, number: int, table: SqlTable) -> ItemTable:
        rows = ItemTable(self._catalog.store.db, number, table.table_schema(), None)
        rows.create()
        self._catalog.add(rows)
        return rows

    def create_table(self, name: str, **declared: Any) -> Table:
        if name in self.tables:
            raise Refusal("ResourceInUseException", f"Table already exists: {name}")
        table = SqlTable(name, account_id=self.account_id, region=self.region_name, **declared)
        self._adopt(table)
        return table

    def _adopt(self, table: SqlTable) -> None:
        cursor = self._catalog.store.db.execute(
            "INSERT INTO tables(name,spec) VALUES(?,?)", (table.name, json.dumps(spec_of(table)))
        )
        assert cursor.lastrowid is not None
        table.attach(self._new_rows(cursor.lastrowid, table))
        self.tables[table.name] = table

    def update_table(self, name: str, attr_definitions: list[dict[str, str]] | None, **changes: Any) -> Table:
        # moto takes the given definitions for all there are; a caller need only name those of the new index.
        kept = {d["AttributeName"]: d for d in [*self.get_table(name).attr, *(attr_definitions or [])]}
        table = super().update_table(name, attr_definitions=list(kept.values()), **changes)
        indexes = [*table.indexes, *table.global_indexes]
        used = {key["AttributeName"] for schema in [table.schema, *(i.schema for i in indexes)] for key in schema}
        table.attr = [kept[name] for name in kept if name in used]
        return table

    def delete_table(self, name: str) -> Table:
        table = super().delete_table(name)
        self._catalog.remove(table.name)
        self._catalog.store.db.execute("DELETE FROM tables WHERE name=?", (table.name,))
        table.rows.drop()
        return table

    def list_tables(self, limit: int, exclusive_start_table_name: str) -> tuple[list[str], str | None]:
        self.tables = dict(sorted(self.tables.items()))  # DynamoDB lists in order, moto in order of creation
        names, last = super().list_tables(limit, exclusive_start_table_name)
        return names, last

    def save_changes(self) -> None:
        """Write down every declaration that an operation changed, and lay its trees anew."""
        db = self._catalog.store.db
        stored = dict(db.execute("SELECT name,spec FROM tables").fetchall())
        for table in self.tables.values():
            spec = json.dumps(spec_of(table))
            if stored.get(table.name) == spec:
                continue
            db.execute("UPDATE tables SET spec=? WHERE name=?", (spec, table.name))
            self._relay(table)

    def _relay(self, table: SqlTable) -> None:
        assert table.rows is not None
        old = table.rows
        ttl = ttl_attribute(spec_of(table))
        if old.schema != table.table_schema():
            rows = ItemTable(self._catalog.store.db, old.number, table.table_schema(), old.ttl_attribute)
            rows.create()
            table.attach(rows)
            self._catalog.add(rows)
        if ttl != old.ttl_attribute:
            assert table.rows is not None
            table.rows.set_ttl_attribute(ttl)

    def update_item(self, table_name: str, *args: Any, **kwargs: Any) -> MotoItem:
        item = super().update_item(table_name, *args, **kwargs)
        table = self.get_table(table_name)
        if table.range_key_attr:
            table.items[item.hash_key][item.range_key] = item
        else:
            table.items[item.hash_key] = item
        return item

    # A backup is a plain table of moto's in memory; a restored one is laid into SQLite like every other.

    def create_backup(self, table_name: str, backup_name: str) -> Backup:
        backup = super().create_backup(table_name, backup_name)
        backup.table = _snapshot(backup.table)
        return backup

    def restore_table_from_backup(self, target_table_name: str, backup_arn: str) -> Table:
        return self._laid(super().restore_table_from_backup(target_table_name, backup_arn))

    def restore_table_to_point_in_time(self, target_table_name: str, source_table_name: str) -> Table:
        live = self.tables.get(source_table_name)
        if live is not None:
            self.tables[source_table_name] = _snapshot(live)
        try:
            return self._laid(super().restore_table_to_point_in_time(target_table_name, source_table_name))
        finally:
            if live is not None:
                self.tables[source_table_name] = live

    def _laid(self, restored: Table) -> Table:
        del self.tables[restored.name]
        table = SqlTable(account_id=self.account_id, region=self.region_name, **_arguments(spec_of(restored)))
        self._adopt(table)
        assert table.rows is not None
        for item in Table.all_items(restored):
            stored = wire_item(item)
            table.rows.put(*table.rows.schema.bytes_of_key(stored), stored, None)
        return restored


def _snapshot(table: SqlTable) -> Table:
    plain = Table(account_id=table.account_id, region=table.region_name, **_arguments(spec_of(table)))
    for item in table.all_items():
        if plain.range_key_attr:
            plain.items[item.hash_key][item.range_key] = item
        else:
            plain.items[item.hash_key] = item
    return plain


# -- declarations, as JSON -----------------------------------------------------------------------------------------

_PLAIN = {
    "schema": "schema", "attr": "attr", "throughput": "throughput", "billing_mode": "billing_mode",
    "sse_specification": "sse_specification", "tags": "tags",
    "deletion_protection_enabled": "deletion_protection_enabled", "warm_throughput": "warm_throughput",
}  # fmt: skip


def spec_of(table: Table) -> dict[str, Any]:
    """Everything that makes a table of moto's again, as JSON."""
    spec: dict[str, Any] = {argument: getattr(table, member) for argument, member in _PLAIN.items()}
    return {
        **spec,
        "table_name": table.name,
        "indexes": [_declared(index) for index in table.indexes],
        "global_indexes": [
            {**_declared(i), "ProvisionedThroughput": i.throughput, "WarmThroughput": i.warm_throughput}
            for i in table.global_indexes
        ],
        "streams": table.stream_specification,
        "ttl": table.ttl,
        "created_at": table.created_at.timestamp(),
        "stream_label": table.latest_stream_label,
    }


def _arguments(spec: dict[str, Any]) -> dict[str, Any]:
    given = copy.deepcopy(spec)  # moto keeps and changes what it is given
    for kept_apart in ("ttl", "created_at", "stream_label"):
        given.pop(kept_apart)
    return given


def restore(table: Table, spec: dict[str, Any]) -> None:
    """What a table of moto's does not take as an argument."""
    table.ttl = dict(spec["ttl"])
    table.created_at = datetime.datetime.fromtimestamp(spec["created_at"], datetime.UTC).replace(tzinfo=None)
    table.latest_stream_label = spec["stream_label"]


def ttl_attribute(spec: dict[str, Any]) -> str | None:
    """The attribute of a declaration's time to live, None while it is off."""
    return spec["ttl"].get("AttributeName") if spec["ttl"]["TimeToLiveStatus"] == "ENABLED" else None
