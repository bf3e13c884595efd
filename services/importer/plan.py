"""From the rows of a case to the calls that stand for it, or to the reasons why it is rejected.

Every id follows from the mapping's name, the key and the number of the step, so that a second import of the same rows
makes the same calls and the nodes know them again. What can be told from the rows alone is refused here, before the
first call, so that no petition is left half imported for a reason that stood in the file. Pure.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any
from uuid import UUID, uuid5

from google.protobuf.descriptor import FieldDescriptor

from domain.calendar import civil_date
from domain.vocabulary import Provenance
from services.importer.agencies import Finder
from services.importer.calls import CALLS, DATE, Call, Tells, is_instant, words_of
from services.importer.mapping import MappedAgency, Mapping, Occasion, StepTemplate
from services.importer.reading import Reject, Row
from services.importer.stream import Change, changes
from services.importer.templates import filled, words_in
from services.importer.times import NotATime, time_reader

NAMESPACE = UUID("0a6f2b0e-7a52-5c0b-9c36-3f2f4d9d6f55")


@dataclass(frozen=True, slots=True)
class Step:
    """One call, ready to be made; with `awaits` it follows what the agency learns from `awaited_from` over the bus."""

    call: Call
    request_id: UUID
    agency: str
    occurred_time: datetime
    provenance: Provenance
    fields: dict[str, Any]
    awaits: Tells = Tells.NOTHING
    awaited_from: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole road of one petition; `lines` are the file's rows that it stands for."""

    petition_id: UUID
    lines: tuple[int, ...]
    steps: tuple[Step, ...]


def petition_id_of(mapping: str, key: str) -> UUID:
    """The id of the petition that a mapping makes of a row's key: the same in every import."""
    return uuid5(NAMESPACE, f"{mapping}/{key}")


class _Faulty(Exception):
    def __init__(self, row: Row, field: str, reason: str) -> None:
        super().__init__(reason)
        self.reject = Reject(row.line, field, reason)


class Planner:
    """Plans cases by one mapping; `now` is the time after which nothing can have happened."""

    def __init__(
        self, mapping: Mapping, now: datetime, agencies_by_value: dict[str, MappedAgency] | None = None
    ) -> None:
        self._mapping = mapping
        self._now = now
        self._read_time = time_reader(mapping.times)
        self._finder = Finder(mapping)
        # The agencies of a column are known only to whoever has looked through the file.
        is_listed = mapping.agencies_from_column is None
        self._known = frozenset(agency.id for agency in mapping.agencies) if is_listed else None
        self._by_value = {value: agency.id for value, agency in (agencies_by_value or {}).items()}
        self._steps = {on: [step for step in mapping.steps if step.on is on] for on in Occasion}

    def plan(self, rows: Sequence[Row]) -> Plan | tuple[Reject, ...]:
        """Plan the case that these rows tell, or say of each row why it is rejected."""
        try:
            return self._plan(rows)
        except _Faulty as faulty:
            return tuple(faulty.reject if row.line == faulty.reject.line else _for(faulty.reject, row) for row in rows)

    def _plan(self, rows: Sequence[Row]) -> Plan:
        key = rows[0].cells[self._mapping.key]
        petition_id = petition_id_of(self._mapping.name, key)
        times = [self._times(row) for row in rows]
        road = _Road(petition_id)
        for change in self._changes(rows):
            row = rows[change.row]
            words = {**row.cells, **self._finder.words(row.cells), "holder": change.holder, "other": change.other}
            for template in self._steps[change.occasion]:
                if self._is_meant(template, words, road):
                    self._take(road, template, words, times[change.row], row)
        return Plan(petition_id, tuple(row.line for row in rows), tuple(road.steps))

    def _is_meant(self, template: StepTemplate, words: dict[str, str], road: "_Road") -> bool:
        moments = self._mapping.moments
        if moments is not None and (
            words[moments.column] not in template.at
            or template.name in road.taken
            or not road.taken.issuperset(template.after)
        ):
            return False
        return all(words.get(word) for word in template.when) and not any(words.get(word) for word in template.unless)

    def _changes(self, rows: Sequence[Row]) -> Iterable[Change]:
        if self._mapping.moments is not None:
            return (Change(Occasion.MOMENT, number, "", "") for number in range(len(rows)))
        stream = self._mapping.stream
        if stream is None:
            return (Change(Occasion.ROW, 0, "", ""),)
        agencies = [self._by_value.get(value := row.cells[stream.agency], value) for row in rows]
        last = rows[-1].cells
        is_ended = any(last[word] in values for word, values in stream.ended_when.items())
        return changes(agencies, is_ended=is_ended)

    def _times(self, row: Row) -> dict[str, datetime]:
        times = {}
        for word in self._mapping.times.columns:
            if text := row.cells[word]:
                try:
                    times[word] = self._read_time(text)
                except NotATime as problem:
                    raise _Faulty(row, self._mapping.columns[word], str(problem)) from None
        return times

    def _take(
        self, road: "_Road", template: StepTemplate, words: dict[str, str], times: dict[str, datetime], row: Row
    ) -> None:
        # The holder is whoever has the petition after the steps so far; a stream says so itself.
        words = {**words, "holder": words["holder"] or road.holder}
        time_column = self._mapping.columns[template.time]
        time = times.get(template.time)
        if time is None:
            raise _Faulty(row, time_column, f"{template.call} has no time")
        if time > self._now:
            raise _Faulty(row, time_column, "the time lies in the future")
        if time < road.last_time(time):
            raise _Faulty(row, time_column, "the time lies before the step that comes before it")
        call = CALLS[template.call]
        fields = {name: self._value(call, name, value, words, times, row) for name, value in template.fields.items()}
        for name in call.needed_fields:
            if fields.get(name) in (None, "", ()):
                raise _Faulty(row, "", f"{template.call} needs {name}, and what it is made of is empty")
        agency = filled(template.agency, words)
        if call.tells is Tells.HANDED_OFF and fields["to_agency"] == agency:
            raise _Faulty(row, "", f"the row hands the petition from {agency} to itself")
        self._look_up(template.agency, agency, row)
        for name in ("to_agency", "of_agency"):
            self._look_up(template.fields.get(name, ""), fields.get(name), row)
        road.take(call, agency, time, template.provenance, fields)
        if template.name is not None:
            road.taken.add(template.name)

    def _look_up(self, template: Any, agency: str | None, row: Row) -> None:
        if agency is None or self._known is None or agency in self._known:
            return
        columns = self._mapping.columns
        column = next((columns[word] for word in sorted(words_in(template)) if word in columns), "")
        raise _Faulty(row, column, "the mapping lists no agency of this id")

    def _value(
        self, call: Call, name: str, value: Any, words: dict[str, str], times: dict[str, datetime], row: Row
    ) -> Any:
        if isinstance(value, bool):
            return value
        if isinstance(value, tuple):
            return tuple(text for part in value if (text := filled(part, words)))
        described: FieldDescriptor = call.descriptors[name]
        if is_instant(described):
            return _as_wanted(times.get(value.strip("{}")), described)
        text = filled(value, words)
        if text and described.enum_type is not None and text not in words_of(described.enum_type):
            raise _Faulty(row, "", f"{call.name} knows no such {name}")
        return text or None


def _as_wanted(time: datetime | None, described: FieldDescriptor) -> datetime | date | None:
    if time is None or described.message_type is None or described.message_type.full_name != DATE:
        return time
    return civil_date(time)


class _Road:
    """The steps of one petition so far: who holds it, and what the next step has to wait for."""

    def __init__(self, petition_id: UUID) -> None:
        self.steps: list[Step] = []
        self.taken: set[str] = set()
        self.holder = ""
        self._petition_id = petition_id

    def last_time(self, otherwise: datetime) -> datetime:
        return self.steps[-1].occurred_time if self.steps else otherwise

    def take(self, call: Call, agency: str, time: datetime, provenance: Provenance, fields: dict[str, Any]) -> None:
        last = self.steps[-1] if self.steps else None
        # What one agency did, another can follow only once the bus has told it.
        told = last.call.tells if last is not None and last.agency != agency else Tells.NOTHING
        awaits = told if call.awaits is Tells.NOTHING else call.awaits
        if "first_received_time" in call.request.DESCRIPTOR.fields_by_name:
            fields = {**fields, "first_received_time": self.steps[0].occurred_time if last else time}
        request_id = uuid5(self._petition_id, str(len(self.steps) + 1))
        self.steps.append(
            Step(call, request_id, agency, time, provenance, fields, awaits, last.agency if last and awaits else "")
        )
        self.holder = fields["to_agency"] if call.tells is Tells.HANDED_OFF else self.holder or agency


def cases_of(rows: Iterable[Row | Reject], mapping: Mapping, limit: int | None = None) -> Iterator[list[Row] | Reject]:
    """Put together the rows that belong together: each by itself, or all of one case.

    `limit` is the most petitions, or cases, that are taken.
    """
    if not mapping.tells_cases:
        return (row if isinstance(row, Reject) else [row] for row in islice(rows, limit))
    return _grouped(rows, mapping.key, limit)


def _grouped(rows: Iterable[Row | Reject], key: str, limit: int | None) -> Iterator[list[Row] | Reject]:
    # The rows of a case may stand apart, so that no case is whole before the file is read.
    cases: dict[str, list[Row]] = {}
    faults: dict[str, Reject] = {}
    for row in rows:
        if isinstance(row, Reject):
            faults.setdefault(row.key, row)
            yield row
        else:
            cases.setdefault(row.cells[key], []).append(row)
    for name, found in islice(cases.items(), limit):
        if fault := faults.get(name):
            yield from (_for(fault, row) for row in found)
        else:
            yield found


def _for(fault: Reject, row: Row) -> Reject:
    # A case with a row missing would tell of hand-overs that never were.
    return Reject(row.line, "", f"the case is rejected for its row on line {fault.line}")
