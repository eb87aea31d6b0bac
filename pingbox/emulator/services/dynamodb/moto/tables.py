"""moto's tables and backend with SQLite under them, and their declarations as JSON.

Subclasses of moto's `Table` and `DynamoDBBackend`: nothing of moto is patched or switched on globally except the lists
in which it would keep each object for ever. Pinned to moto 5.2: this file reaches into its models.
"""

from __future__ import annotations

import copy
import datetime
import json
import uuid
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Backup, Table

from pingbox.emulator.services.dynamodb.answers import Refusal
from pingbox.emulator.services.dynamodb.schema import TableSchema, schema_of
from pingbox.emulator.services.dynamodb.storage.catalog import Catalog
from pingbox.emulator.services.dynamodb.storage.item_table import ItemTable, KeyRange
from pingbox.emulator.services.dynamodb.streams.log import described_keys


class Untracked(list[Any]):
    """In place of the list in which moto keeps every object it ever made: it keeps nothing."""

    def append(self, _: Any) -> None:
        return None


# moto appends each object it makes to a list of its class, for a dashboard nobody opens here.
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
        self.stream_shard = None  # the records of streams are ours, not moto's

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
        told = out[base_key]
        told["TableId"] = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.table_arn}/{self.created_at.timestamp()}"))
        if self.rows is not None:
            counts = self.rows.counts()
            told["TableSizeBytes"] = counts.size
            for index in told["GlobalSecondaryIndexes"] + told["LocalSecondaryIndexes"]:
                index["IndexArn"] = f"{self.table_arn}/index/{index['IndexName']}"
                index["ItemCount"] = counts.entries.get(index["IndexName"], 0)
                # The entries' share of the table's bytes: what each projects is not counted apart.
                index["IndexSizeBytes"] = counts.size * index["ItemCount"] // max(counts.items, 1)
        for name in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
            if not told[name]:  # AWS leaves out what is not there
                del told[name]
        return out

    def __len__(self) -> int:
        return self.rows.counts().items if self.rows else 0

    def __deepcopy__(self, memo: dict[int, Any]) -> SqlTable:
        return self  # moto copies whole tables as its undo log; SQLite's rollback takes that place


SqlTable.instances_tracked = Untracked()


def _declared(index: Any) -> dict[str, Any]:
    return {"IndexName": index.name, "KeySchema": index.schema, "Projection": index.projection or {}}


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
        self._label(table)
        self._adopt(table)
        return table

    def update_table_streams(self, table: Table, stream_specification: dict[str, Any]) -> None:
        table.set_stream_specification(stream_specification)
        table.stream_shard = None  # the records of streams are ours, not moto's
        if stream_specification.get("StreamEnabled"):
            self._label(table)

    def _label(self, table: Table) -> None:
        """Times by the emulator's clock; two streams of one name never have the same label."""
        now = self._catalog.now
        table.created_at = table.created_at if table.name in self.tables else _utc(now)
        if table.latest_stream_label:
            table.latest_stream_label = _utc(now).isoformat(timespec="milliseconds")
            taken = {stream.arn for stream in self._catalog.streams.streams()}
            while f"{table.table_arn}/stream/{table.latest_stream_label}" in taken:
                now += 0.001
                table.latest_stream_label = _utc(now).isoformat(timespec="milliseconds")

    def _adopt(self, table: SqlTable) -> None:
        cursor = self._catalog.store.db.execute(
            "INSERT INTO tables(name,spec) VALUES(?,?)", (table.name, json.dumps(spec_of(table)))
        )
        assert cursor.lastrowid is not None
        table.attach(self._new_rows(cursor.lastrowid, table))
        self.tables[table.name] = table
        self._begin_stream(table)

    def _begin_stream(self, table: SqlTable) -> None:
        """Keep the log of streams in step with a table's declaration."""
        log, rows, specification = self._catalog.streams, table.rows, table.stream_specification or {}
        assert rows is not None
        now_open = log.open_stream(rows.number)
        arn = f"{table.table_arn}/stream/{table.latest_stream_label}"
        wanted = bool(specification.get("StreamEnabled"))
        if now_open is not None and not (wanted and now_open.arn == arn):
            log.end(rows.number)
        if wanted and (now_open is None or now_open.arn != arn):
            log.begin(rows.number, table.name, arn, specification["StreamViewType"], described_keys(spec_of(table)))
        self._catalog.stream_to(rows)

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
        self._catalog.streams.end(table.rows.number)
        self._catalog.store.db.execute("DELETE FROM tables WHERE name=?", (table.name,))
        table.rows.drop()
        return table

    def described(self, name: str) -> dict[str, Any] | None:
        """A table's description with its tags and its time to live, None when there is no table of this name or ARN."""
        if name.startswith("arn:"):
            name = name.rpartition(":table/")[2].partition("/")[0]
        table = self.tables.get(name)
        if table is None:
            return None
        return {**table.describe("Table")["Table"], "Tags": table.tags, "TimeToLiveDescription": table.ttl}

    def update_time_to_live(self, table_name: str, ttl_spec: dict[str, Any]) -> None:
        super().update_time_to_live(table_name, ttl_spec)
        if not ttl_spec["Enabled"]:
            self.get_table(table_name).ttl.pop("AttributeName")  # AWS describes no attribute then

    def tag_resource(self, arn: str, tags: dict[str, str]) -> None:
        for table in self.tables.values():
            if table.table_arn == arn:
                kept = [tag for tag in table.tags if tag["Key"] not in tags]
                table.tags = [*kept, *({"Key": key, "Value": value} for key, value in tags.items())]

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
            self._begin_stream(table)

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

    # A backup is a table of moto's without items; the items are kept beside it, as text.

    def create_backup(self, table_name: str, backup_name: str) -> Backup:
        backup = super().create_backup(table_name, backup_name)
        backup.items = list(backup.table.rows.texts(KeyRange(None)))
        backup.table = _without_items(backup.table)
        return backup

    def restore_table_from_backup(self, target_table_name: str, backup_arn: str) -> Table:
        restored = super().restore_table_from_backup(target_table_name, backup_arn)
        return self._stored(restored, self.get_backup(backup_arn).items)

    def restore_table_to_point_in_time(self, target_table_name: str, source_table_name: str) -> Table:
        live = self.tables.get(source_table_name)
        if live is None:
            return super().restore_table_to_point_in_time(target_table_name, source_table_name)
        texts = list(live.rows.texts(KeyRange(None)))
        self.tables[source_table_name] = _without_items(live)
        try:
            return self._stored(super().restore_table_to_point_in_time(target_table_name, source_table_name), texts)
        finally:
            self.tables[source_table_name] = live

    def _stored(self, restored: Table, texts: list[str]) -> Table:
        """A restored table, put into SQLite like every other."""
        del self.tables[restored.name]
        table = SqlTable(account_id=self.account_id, region=self.region_name, **_arguments(spec_of(restored)))
        self._adopt(table)
        assert table.rows is not None
        for text in texts:
            item = json.loads(text)
            table.rows.put(*table.rows.schema.bytes_of_key(item), item, None, text)
        return restored


def _utc(seconds: float) -> datetime.datetime:
    """A time as moto has it: UTC, without saying so."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).replace(tzinfo=None)


def _without_items(table: SqlTable) -> Table:
    return Table(account_id=table.account_id, region=table.region_name, **_arguments(spec_of(table)))


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
