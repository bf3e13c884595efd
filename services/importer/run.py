"""One import from file to office: read, plan, send, count, and keep what was rejected.

It goes through the file twice, once to learn how much there is and which agencies it speaks of, and once to send, so
that a file of any length fits; only a stream, whose rows may stand apart, is held as a whole.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from services.importer.agencies import agencies_from
from services.importer.connections import Connections
from services.importer.delivery import Delivery, Outcome
from services.importer.mapping import MappedAgency
from services.importer.mapping import Mapping as FileMapping
from services.importer.picture import Counts
from services.importer.plan import Plan, Planner, cases_of
from services.importer.reading import Reject, rows_of
from services.importer.rejects import RejectsFile

Progress = Callable[[int], None]
"""Is told how many rows are done."""


@dataclass(frozen=True)
class Survey:
    """What a first look at the file found: how many rows there are, and the agencies of its column, if it has one."""

    rows: int
    by_value: dict[str, MappedAgency] | None
    agencies: tuple[MappedAgency, ...]


def survey(path: Path, mapping: FileMapping, limit: int | None) -> Survey:
    """Look through the file; raise `UnreadableFile`."""
    rows = 0
    values: set[str] = set()
    column = mapping.agencies_from_column
    for case in cases_of(rows_of(path, mapping), mapping, limit):
        rows += 1 if isinstance(case, Reject) else len(case)
        if column is not None and not isinstance(case, Reject):
            values.update(row.cells[column.column] for row in case)
    made = agencies_from(values, column) if column is not None else None
    return Survey(rows, made, (*mapping.agencies, *(made or {}).values()))


@dataclass
class Import:
    """One run; `counts` tells how far it came, also when it is stopped."""

    path: Path
    mapping: FileMapping
    survey: Survey
    rejects: RejectsFile
    progress: Progress
    limit: int | None = None

    def __post_init__(self) -> None:
        self._lock = Lock()
        self._imported = self._already_present = 0

    def run(self, connections: Connections) -> Mapping[str, int]:
        """Send everything; return the last position of each node's log. Raises `ImportStopped`."""
        delivery = Delivery(connections, self._ended)
        delivery.run(self._plans())
        return delivery.positions

    @property
    def counts(self) -> Counts:
        """What became of the rows so far."""
        return Counts(self.survey.rows, self._imported, self._already_present, self.rejects.count)

    def _plans(self) -> Iterator[Plan]:
        planner = Planner(self.mapping, datetime.now(UTC), self.survey.by_value)
        for case in cases_of(rows_of(self.path, self.mapping), self.mapping, self.limit):
            planned = case if isinstance(case, Reject) else planner.plan(case)
            if isinstance(planned, Plan):
                yield planned
            else:
                self._rejected((planned,) if isinstance(planned, Reject) else planned)

    def _rejected(self, rejects: tuple[Reject, ...]) -> None:
        for reject in rejects:
            self.rejects.add(reject)
        self.progress(len(rejects))

    def _ended(self, outcome: Outcome) -> None:
        if outcome.rejects:
            self._rejected(outcome.rejects)
            return
        rows = len(outcome.plan.lines)
        with self._lock:
            if outcome.is_new:
                self._imported += rows
            else:
                self._already_present += rows
        self.progress(rows)
