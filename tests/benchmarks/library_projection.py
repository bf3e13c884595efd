"""The peer of the office's ingest: the library's own ProjectionRunner, folding the same facts into the same tables.

It reads an application's notification log in PostgreSQL and takes one event a transaction, with its tracking record, as
the library does. Fold and tables are ours, so that only the way of running them differs.
"""

import time
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.persistence import StoredEvent, Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.conninfo import conninfo_to_dict

from domain.event import Happening
from domain.petition import Changes, PetitionFile
from services.kit.bus import Record
from services.kit.envelope import decode
from services.kit.law import law_in_force
from services.kit.log import Fact
from services.kit.log.mapper import EventMapper
from services.office import store
from services.office.ingest import write_views


class Facts(Application[UUID]):
    """The application whose notification log is read: our mapper over the library's own recorder."""

    log_section_size = 5_000

    def construct_mapper(self) -> EventMapper:
        """Return the mapper of stable type names."""
        return EventMapper()


class OfficeTables(PostgresTrackingRecorder):
    """The same views, written one event a transaction together with the tracking record."""

    def write(self, file: PetitionFile, changes: Changes, tracking: Tracking) -> None:
        """Write what one event changed."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            write_views(cursor.connection, store.LIVE, [(file, changes)])


class OfficeProjection(Projection[OfficeTables]):
    """Folds each event into its petition and writes the changed rows."""

    name = "office"

    def __init__(self, view: OfficeTables) -> None:
        super().__init__(view)
        self._files: dict[UUID, PetitionFile] = {}

    @singledispatchmethod
    def process_event(self, domain_event: Fact, tracking: Tracking) -> None:
        """Take one event in."""
        event = domain_event.event
        file = self._files.setdefault(event.petition_id, PetitionFile(event.petition_id))
        changes = Changes()
        happening = Happening(
            event,
            domain_event.originator_id,
            domain_event.originator_version,
            "node-one",
            tracking.notification_id,
            event.occurred_time,
        )
        file.apply(happening, law_in_force(), changes)
        self.view.write(file, changes, tracking)


def projection_rate(dsn: str, facts: list[Record]) -> float:
    """Return how many of the facts a second the library's runner folds."""
    store.prepare(dsn, law_in_force().version)
    database = conninfo_to_dict(dsn)
    given = {f"POSTGRES_{name.upper()}": str(database[name]) for name in ("dbname", "host", "port", "user")}
    env = given | {"PERSISTENCE_MODULE": "eventsourcing.postgres", "POSTGRES_PASSWORD": "not asked for"}
    with Facts(env) as application:
        envelopes = map(decode, (fact.value for fact in facts))
        stored = [StoredEvent(one.stream, one.streamversion, one.type, bytes(one.data)) for one in envelopes]
        for start in range(0, len(stored), 500):
            application.recorder.insert_events(stored[start : start + 500])
    began = time.perf_counter()
    with ProjectionRunner(
        application_class=Facts, projection_class=OfficeProjection, view_class=OfficeTables, env=env
    ) as runner:
        runner.wait(len(facts), timeout=300)
        return len(facts) / (time.perf_counter() - began)
