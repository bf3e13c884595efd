"""The office's desk for tests: a database of its own, workers that take records in, and what the views then hold.

`expected` folds the same records in memory with the domain alone; whatever the road, the views must equal it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from domain.event import Event
from domain.petition import Changes, PetitionFile
from services.kit.bus.port import Record, events_topic, partition_of
from services.kit.database import Rows
from services.kit.embedded_postgres import EmbeddedPostgres
from services.kit.envelope import Envelope, decode, encode
from services.kit.law import law_in_force
from services.kit.log.leaf import leaf_hash
from services.office import store
from services.office.batch import happening_of, take
from services.office.ingest import Ingest
from services.office.views import VIEWS
from tests.support.histories import Step, record_value

OFFICE_NODE = "office"
Views = dict[str, set[tuple[Any, ...]]]


class Desk:
    """One office's database, and the connections to it that a test opens."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self._opened = ExitStack()
        store.prepare(dsn, law_in_force().version)
        self.rows = self.connect()

    def connect(self) -> Rows:
        return self._opened.enter_context(store.open_views(self.dsn))

    def worker(self) -> Ingest:
        """A worker that has read where the database stands, as one does that just started."""
        started = Ingest(self.connect(), law_in_force(), OFFICE_NODE)
        started.resume()
        return started

    def take_in(self, records: Sequence[Record], batch_records: int = 100) -> None:
        """Let one worker read all records in batches."""
        worker = self.worker()
        for start in range(0, len(records), batch_records):
            worker.write(records[start : start + batch_records])

    def select(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        return self.rows.execute(query.encode(), parameters).fetchall()

    def views(self, schema: str = store.LIVE) -> Views:
        """Every row of every view."""
        tables = [(view.table.name, view.table.columns) for view in VIEWS]
        return {name: set(self.select(f"SELECT {', '.join(columns)} FROM {schema}.{name}")) for name, columns in tables}

    def parked(self) -> list[tuple[str, bool]]:
        """Reason and poison of what is parked and not settled, in the order of parking."""
        return self.select("SELECT reason, poison FROM office.parked WHERE resolved_time IS NULL ORDER BY parked_id")

    def missing(self) -> dict[str, int]:
        """By node, the positions up to the last that have not arrived."""
        return dict(self.select("SELECT node, max(last_position) - sum(received) FROM office.watermark GROUP BY node"))

    def clear(self) -> None:
        """Begin again with an empty database."""
        self.rows.execute("DROP SCHEMA IF EXISTS office, views, views_next, views_previous CASCADE")
        store.prepare(self.dsn, law_in_force().version)

    def close(self) -> None:
        self._opened.close()


@pytest.fixture
def desk(postgres_server: EmbeddedPostgres) -> Iterator[Desk]:
    """An empty office."""
    opened = Desk(postgres_server.dsn(f"office_{uuid4().hex[:12]}"))
    yield opened
    opened.close()


def expected(records: Iterable[Record]) -> Views:
    """The rows that follow from the records, folded in memory in their order."""
    files: dict[UUID, tuple[PetitionFile, Changes]] = {}
    for record in records:
        taken = take(record)
        assert taken.petition_id is not None
        assert taken.problem is None, taken.problem
        file, changes = files.setdefault(taken.petition_id, (PetitionFile(taken.petition_id), Changes()))
        file.apply(happening_of(taken), law_in_force(), changes)
    return {
        view.table.name: {tuple(row) for file, changes in files.values() for row in view.rows(file, changes)}
        for view in VIEWS
    }


def by_petition(records: Iterable[Record]) -> dict[UUID, list[Record]]:
    """The records of each petition, in their order."""
    found: defaultdict[UUID, list[Record]] = defaultdict(list)
    for record in records:
        found[decode(record.value).subject].append(record)
    return dict(found)


class Post:
    """Puts records on the bus's partitions behind those that are there: what a relay would send next."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._offsets = [0] * events_topic().partitions
        self._positions: defaultdict[str, int] = defaultdict(int)
        self._recorded_time = datetime(2026, 2, 1, tzinfo=UTC)
        for record in records:
            self._offsets[record.partition] = max(self._offsets[record.partition], record.offset + 1)
            envelope = decode(record.value)
            self._positions[envelope.node] = max(self._positions[envelope.node], envelope.position)

    def fact(self, node: str, stream: UUID, version: int, event: Event) -> Record:
        """The record of a new fact of a node's log."""
        self._positions[node] += 1
        self._recorded_time += timedelta(milliseconds=1)
        step = Step(node, stream, version, event)
        value = record_value(event.petition_id, step, self._positions[node], self._recorded_time)
        return self.bytes(str(event.petition_id).encode(), value)

    def bytes(self, key: bytes, value: bytes | None) -> Record:
        """The record of any bytes."""
        partition = partition_of(key, len(self._offsets))
        record = Record(events_topic().name, partition, self._offsets[partition], key, value)
        self._offsets[partition] += 1
        return record


def altered(record: Record, **changes: Any) -> Record:
    """The record with other envelope attributes and a leaf hash that fits them."""
    envelope = decode(record.value)
    fields = {name: getattr(envelope, name) for name in Envelope.__struct_fields__} | changes
    fields["leafhash"] = leaf_hash(
        fields["position"],
        fields["stream"],
        fields["streamversion"],
        fields["time"],
        fields["type"],
        fields["causationid"],
        bytes(fields["data"]),
    ).hex()
    return record._replace(value=encode(Envelope(**fields)))


def with_fields(record: Record, **fields: Any) -> Record:
    """The record with other fields in its fact, as an agency with other software might have written it."""
    data = msgspec.json.decode(bytes(decode(record.value).data)) | fields
    return altered(record, data=msgspec.Raw(msgspec.json.encode(data)))
