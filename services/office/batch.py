"""One batch of records on its way into the inbox and the views: decode, fold, or park what cannot be folded.

Pure bookkeeping between the bus and the database; `ingest` owns the transaction. A record ends folded, dropped as a
duplicate, or parked with the rest of its petition; none is skipped in silence. A fact is believed only from the node
that speaks for its agency (I11), as far as the directory knows that agency.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from domain.case import case_id_of
from domain.duties import CASE_PREFIX
from domain.event import Happening, UnknownEventType
from domain.law import Law
from domain.parking import PARKING_TYPES
from domain.petition import Changes, PetitionFile
from domain.vocabulary import AgencyKind
from services.kit.bus.port import Record
from services.kit.directory import Directory
from services.kit.envelope import Envelope, MalformedRecord, decode
from services.kit.reader import read_fact

WAITS = "waits behind a parked record"
TYPE_CHARACTERS_MAX = 100
# What is quoted may hold quotation marks itself: all from the first to the last goes.
_QUOTED = re.compile(r"'.*'", re.DOTALL)
_NOBODY_LISTED = Directory()


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


def take(record: Record, directory: Directory = _NOBODY_LISTED) -> Taken:
    """Read a record as far as it can be read, and see whether its node may state what it says."""
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
        reason = f"no event type {envelope.type[:TYPE_CHARACTERS_MAX]} is known here: upgrade, then retry"
        return Taken(record, petition_id, envelope, None, reason)
    except ValueError as problem:
        reason = f"{envelope.type} does not fit its model: {_shape(problem)}"
        return Taken(record, petition_id, envelope, None, reason)
    if event.petition_id != petition_id:
        return Taken(record, petition_id, envelope, None, "the fact is on another petition than its record")
    if (forbidden := _not_entitled(envelope, event, directory)) is not None:
        return Taken(record, petition_id, envelope, None, forbidden)
    return Taken(record, petition_id, envelope, event, None)


def _not_entitled(envelope: Envelope, event: Any, directory: Directory) -> str | None:
    """Say why this node may not state this fact (I11); an agency that the directory does not list yet is believed."""
    is_of_a_case = event.type_name.startswith(CASE_PREFIX)
    if is_of_a_case and envelope.stream.int != _case_number(event.petition_id.int, event.agency):
        return "the fact stands in the case of another agency than its own"
    listed = directory.find(event.agency)
    if listed is None:
        return None
    if listed.node != envelope.node:
        return f"its node does not speak for agency {listed.agency}: the directory names node {listed.node}"
    if not is_of_a_case and listed.kind is not AgencyKind.JOINT_MEETING_OFFICE:
        return f"only the Joint Meeting Office states such facts, and agency {listed.agency} is none"
    return None


@lru_cache(maxsize=65_536)
def _case_number(petition: int, agency: str) -> int:
    # Ids as numbers: to hash and to compare them costs a tenth, and this is asked of every fact.
    return case_id_of(UUID(int=petition), agency).int


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

    def __init__(self, law: Law, files: dict[UUID, PetitionFile], blocked: set[UUID]) -> None:
        self._law = law
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

    def reopen(self, petition_id: UUID) -> None:
        """Let the petition's records be folded again, until the next one that cannot be."""
        self._blocked.discard(petition_id)

    def _fold_petition(self, petition_id: UUID, group: list[Taken], batch: Batch) -> None:
        changes = Changes()
        is_changed = False
        for taken in group:
            if is_decision(taken):
                # The office's decision on a parked record must not wait behind that record.
                batch.facts.append(taken)
                continue
            is_blocked = petition_id in self._blocked
            reason = WAITS if is_blocked else self._fold_one(petition_id, taken, changes)
            if reason is None:
                batch.facts.append(taken)
                is_changed = True
            else:
                batch.parked.append(Parked(taken, reason, poison=not is_blocked))
                self._blocked.add(petition_id)
        if is_changed:
            batch.changes[petition_id] = changes

    def _fold_one(self, petition_id: UUID, taken: Taken, changes: Changes) -> str | None:
        """Fold one record; return why it cannot be, if so."""
        if taken.problem is not None:
            return taken.problem
        try:
            self._files[petition_id].apply(happening_of(taken), self._law, changes)
        except Exception as problem:  # noqa: BLE001 - a consumer parks what it cannot fold, and says so
            self.broken.add(petition_id)
            return f"could not be folded: {type(problem).__name__}"
        return None


def is_decision(taken: Taken) -> bool:
    """Tell whether the record is a decision of the office on a parked record."""
    return taken.problem is None and taken.event.type_name in PARKING_TYPES
