"""The log of a node as the rest of the system meets it: load a state, record what was decided, read what stands.

It is an `eventsourcing` application: its event store, repository and notification log are the library's, over the
mapper and the recorder of this package.  The library's repository caches folded states.  They are immutable, so they
are handed out as they are, and nothing is asked of the database for a state that is in the cache.

A cached state may be out of date, if only for a moment.  A decision to record is safe nevertheless, because the log
refuses versions that do not follow.  A decision to refuse is not: take it on a `fresh` state.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

from eventsourcing.application import Application, Repository
from eventsourcing.utils import Environment

from domain.event import Event
from services.kit.log.command import Append, Appended, LoggedEvent, Outcome, Request, StoredAnswer
from services.kit.log.fact import Fact
from services.kit.log.factory import LogFactory
from services.kit.log.group_commit import DEFAULT_LIMITS, Limits
from services.kit.log.listener import AppendListener
from services.kit.log.mapper import EventMapper
from services.kit.log.recorder import GroupCommitRecorder

State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Fold(Generic[State]):
    """How a stream becomes a state: where it starts, and what each event makes of it."""

    initial: State
    evolve: Callable[[State, Event], State]


@dataclass(frozen=True, slots=True)
class _Folded(Generic[State]):
    """A state with the version that it stands at: what the repository keeps."""

    id: UUID
    version: int
    state: State
    fold: Fold[State]

    def after(self, facts: Iterable[Fact]) -> "_Folded[State]":
        state, version = self.state, self.version
        for fact in facts:
            state, version = self.fold.evolve(state, fact.event), fact.originator_version
        return _Folded(self.id, version, state, self.fold)


class Log(Application[UUID]):
    """The event log of one node.  Safe to use from any thread; `close` stores what is in line and disconnects."""

    name = "Log"
    log_section_size = 5000
    recorder: GroupCommitRecorder

    def __init__(self, conninfo: str, *, limits: Limits = DEFAULT_LIMITS, states_max: int = 10_000) -> None:
        """Open the log of the database, whose schema must be installed; keep up to `states_max` states at hand."""
        self._conninfo = conninfo
        self._limits = limits
        self._states_max = states_max
        super().__init__()

    def load(self, stream_id: UUID, fold: Fold[State], *, fresh: bool = False) -> tuple[State, int]:
        """Return the state of a stream and its version; the initial state and 0 for a stream without events.

        `fresh` reads the stream from the database even when its state is in the cache.
        """
        if fresh:
            self._forget(stream_id)

        def project(_: None, facts: Iterable[Fact]) -> _Folded[State]:
            # A stream without facts has a state too, so that the first command on it finds it in the cache.
            return _Folded(stream_id, 0, fold.initial, fold).after(facts)

        folded = cast(_Folded[State], self.repository.get(stream_id, projector_func=cast(Any, project)))
        return folded.state, folded.version

    def record(
        self,
        stream_id: UUID,
        expected_version: int,
        events: Sequence[Event],
        *,
        request: Request | None = None,
        causation_id: str | None = None,
        fold: Fold[Any] | None = None,
    ) -> Appended:
        """Append events to one stream, if it stands at the expected version (0 for a new one).

        The outcome tells a conflict, a replay and a reused request id; see `Outcome`.  With the `fold` that it is
        loaded with, a new stream's state is at hand at once.  Raises `LogUnavailable` or `Unstorable`.
        """
        facts = [
            Fact(stream_id, version, event, causation_id) for version, event in enumerate(events, expected_version + 1)
        ]
        appended = self.record_facts(facts, request=request)
        if fold is not None and facts and expected_version == 0 and appended.outcome is Outcome.APPENDED:
            self._keep(_Folded(stream_id, 0, fold.initial, fold).after(facts))
        return appended

    def record_facts(self, facts: Sequence[Fact], *, request: Request | None = None) -> Appended:
        """Append facts of one or several streams as one command, all or none."""
        stored = [self.mapper.to_stored_event(fact) for fact in facts]
        appended = self.recorder.append(Append(stored, request))
        for stream_id in {fact.originator_id for fact in facts}:
            if appended.outcome is Outcome.APPENDED:
                self._advance(stream_id, [fact for fact in facts if fact.originator_id == stream_id])
            else:
                self._forget(stream_id)
        return appended

    def find_request(self, agency: str, request_id: UUID) -> StoredAnswer | None:
        """Return what was answered to a request, if it was."""
        return self.recorder.find_request(agency, request_id)

    def select_stored(self, after_position: int, limit: int) -> list[LoggedEvent]:
        """Return whole rows after a position, as stored, in order."""
        return self.recorder.select_stored(after_position, limit)

    def listen(self) -> AppendListener:
        """Return a listener to new commits: make it first, then read, then wait.  The caller closes it."""
        return self.recorder.listen()

    def head(self) -> tuple[int, datetime | None]:
        """Return the last position and its recorded time; `(0, None)` for an empty log."""
        return self.recorder.head()

    def position_as_of(self, instant: datetime) -> int:
        """Return the last position recorded at or before an instant, 0 if there is none."""
        return self.recorder.position_as_of(instant)

    @property
    def is_running(self) -> bool:
        """Whether commands are taken."""
        return self.recorder.is_running

    def construct_factory(self, env: Environment) -> LogFactory:
        """Return the maker of this log's recorder; called by the library."""
        return LogFactory(env, self._conninfo, self._limits)

    def construct_mapper(self) -> EventMapper:
        """Return the mapper of stable type names; called by the library."""
        return EventMapper()

    def construct_repository(self) -> Repository[UUID]:
        """Return a repository that hands cached states out as they are; called by the library."""
        return Repository(self.events, cache_maxsize=self._states_max, fastforward=False, deepcopy_from_cache=False)

    def close(self) -> None:
        """Store what is in line, then close every connection."""
        self.recorder.close()
        super().close()

    def __del__(self) -> None:
        # The library closes here. Waiting for a thread while the interpreter goes down may last for ever: whoever
        # opened the log closes it.
        pass

    def _advance(self, stream_id: UUID, facts: Sequence[Fact]) -> None:
        """Bring the cached state of a stream up to the facts just appended to it."""
        cache = self.repository.cache
        assert cache is not None
        with suppress(KeyError):
            folded = cast("_Folded[Any]", cache.get(stream_id))
            if folded.version == facts[0].originator_version - 1:
                cache.put(stream_id, folded.after(facts))
            else:
                self._forget(stream_id)

    def _keep(self, folded: "_Folded[Any]") -> None:
        cache = self.repository.cache
        assert cache is not None
        cache.put(folded.id, folded)

    def _forget(self, stream_id: UUID) -> None:
        cache = self.repository.cache
        assert cache is not None
        with suppress(KeyError):
            cache.get(stream_id, evict=True)
