"""The recorder under the `eventsourcing` library's own contract: what holds for its recorders holds for ours."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.persistence import ProgrammingError, StoredEvent, Tracking
from eventsourcing.tests.persistence import (
    AggregateRecorderTestCase,
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
)

from services.kit.embedded_postgres import EmbeddedPostgres
from services.kit.log.recorder import GroupCommitRecorder
from services.kit.log.schema import install_schema

pytestmark = pytest.mark.postgres


class OnPostgres:
    """Gives each test a log of its own, on the run's PostgreSQL."""

    @pytest.fixture(autouse=True)
    def a_log_of_its_own(self, postgres_server: EmbeddedPostgres) -> Iterator[None]:
        self.dsn = postgres_server.dsn(f"log_{uuid4().hex}")
        install_schema(self.dsn)
        self.opened: list[GroupCommitRecorder] = []
        yield
        for recorder in self.opened:
            recorder.close()

    def create_recorder(self) -> GroupCommitRecorder:
        self.opened.append(GroupCommitRecorder(self.dsn))
        return self.opened[-1]


class WithoutPositions(GroupCommitRecorder):
    """What the library calls an aggregate recorder: the same, but positions are not told."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        super().insert_events(stored_events, **kwargs)


class TestAsAggregateRecorder(OnPostgres, AggregateRecorderTestCase):
    def create_recorder(self) -> GroupCommitRecorder:
        self.opened.append(WithoutPositions(self.dsn))
        return self.opened[-1]


class TestAsApplicationRecorder(OnPostgres, ApplicationRecorderTestCase[GroupCommitRecorder]):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestPositionsOfOneCommandStandTogether(OnPostgres, NonInterleavingNotificationIDsBaseCase):
    pass


class TestWhatItRefuses(OnPostgres):
    def test_a_tracking_record_is_refused_rather_than_dropped(self) -> None:
        event = StoredEvent(uuid4(), 1, "topic", b"state")
        with pytest.raises(ProgrammingError, match="tracking"):
            self.create_recorder().insert_events([event], tracking=Tracking("upstream", 1))
