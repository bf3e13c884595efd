"""One batch of records on its way into the inbox and the views: decode, fold, or park what cannot be folded.

Pure bookkeeping between the bus and the database; `ingest` owns the transaction. A record ends folded, dropped as a
duplicate, or parked with the rest of its petition; none is skipped in silence.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from domain.calendar import WorkCalendar
from domain.event import Happening, UnknownEventType
from domain.petition import Changes, PetitionFile
from services.kit.bus.port import Record
from services.kit.envelope import Envelope, MalformedRecord, decode
from services.kit.reader import read_fact

_QUOTED = re.compile(r"'[^']*'")


class Taken(NamedTuple):
    """A record with what could be read of it; `problem` says why it cannot be folded."""

    record: Record
    petition_id: UUID | None
    envelope: Envelope | None
    event: Any
    problem: str | None


class Parked(NamedTuple):
    """A record that is put aside, as poison or because it waits behind one."""

    taken: Taken
    reason: str
    poison: bool


@dataclass(slots=True)
class Batch:
    """What a batch writes: facts for the inbox, changed petitions for the views, and parked records."""

    facts: list[Taken] = field(default_factory=list)
    changes: dict[UUID, Changes] = field(default_factory=dict)
    parked: list[Parked] = field(default_factory=list)


def take(record: Record) -> Taken:
    """Read a record as far as it can be read."""
    try:
        envelope = decode(record.value)
    except MalformedRecord as problem:
        return Taken(record, _petition_of_key(record.key), None, None, str(problem))
    petition_id = envelope.subject
    if record.key != envelope.correlationid.encode():
        return Taken(record, petition_id, envelope, None, "the key of the record is not its correlation id")
    try:
        event = read_fact(envelope.type, bytes(envelope.data))
    except UnknownEventType:
        reason = f"no event type {envelope.type} is known here: upgrade, then retry"
        return Taken(record, petition_id, envelope, None, reason)
    except ValueError as problem:
        reason = f"{envelope.type} does not fit its model: {_shape(problem)}"
        return Taken(record, petition_id, envelope, None, reason)
    if event.petition_id != petition_id:
        return Taken(record, petition_id, envelope, None, "the fact is on another petition than its record")
    return Taken(record, petition_id, envelope, event, None)


def _petition_of_key(key: bytes | None) -> UUID | None:
    try:
        return UUID((key or b"").decode("ascii"))
    except ValueError:
        return None


def _shape(problem: ValueError) -> str:
    """Say what is wrong with which field, without quoting what stands in it."""
    return _QUOTED.sub("'…'", str(problem)) if isinstance(problem, msgspec.ValidationError) else type(problem).__name__


def happening_of(taken: Taken) -> Happening:
    """The fact of a record that was read whole."""
    assert taken.envelope is not None
    assert taken.event is not None
    envelope = taken.envelope
    return Happening(
        taken.event, envelope.stream, envelope.streamversion, envelope.node, envelope.position, envelope.time
    )


class Folder:
    """Folds new records into the files of their petitions, one petition after the other."""

    def __init__(self, calendar: WorkCalendar, files: dict[UUID, PetitionFile], blocked: set[UUID]) -> None:
        self._calendar = calendar
        self._files = files
        self._blocked = blocked
        self.broken: set[UUID] = set()
        """Petitions whose file was left half folded: to be folded again from the inbox, without the poison."""

    def fold(self, records: Iterable[Taken]) -> Batch:
        """Fold the records, each petition's in order, into what the batch has to write."""
        batch = Batch()
        by_petition: defaultdict[UUID | None, list[Taken]] = defaultdict(list)
        for taken in records:
            by_petition[taken.petition_id].append(taken)
        for petition_id, group in by_petition.items():
            if petition_id is None:
                batch.parked += [Parked(taken, taken.problem or "no petition", poison=True) for taken in group]
            else:
                self._fold_petition(petition_id, group, batch)
        return batch

    def _fold_petition(self, petition_id: UUID, group: list[Taken], batch: Batch) -> None:
        file, changes = self._files[petition_id], Changes()
        folded = len(batch.facts)
        for number, taken in enumerate(group):
            reason = "waits behind a parked record" if petition_id in self._blocked else taken.problem
            if reason is None:
                try:
                    file.apply(happening_of(taken), self._calendar, changes)
                except Exception as problem:  # noqa: BLE001 - a consumer parks what it cannot fold, and says so
                    reason = f"could not be folded: {type(problem).__name__}"
                    self.broken.add(petition_id)
            if reason is not None:
                self._park(petition_id, group[number:], reason, batch)
                break
            batch.facts.append(taken)
        if len(batch.facts) > folded:
            batch.changes[petition_id] = changes

    def _park(self, petition_id: UUID, rest: list[Taken], reason: str, batch: Batch) -> None:
        first, *later = rest
        already_blocked = petition_id in self._blocked
        batch.parked.append(Parked(first, reason, poison=not already_blocked))
        batch.parked += [Parked(taken, "waits behind a parked record", poison=False) for taken in later]
        self._blocked.add(petition_id)
