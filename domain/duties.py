"""Duties: what an agency owes on a case by a date, folded from facts by the duty table (`domain.rules`).

`DutyBook` is the ledger of one case. It opens, meets, releases and moves duties, and reports each duty that a fact
changed. A status is never stored: it follows from the dates and the time at which one asks.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from domain.calendar import DueState, civil_date
from domain.custody import PETITIONER
from domain.event import Happening
from domain.law import Law
from domain.rules import Nature, Rule, RuleTable, Start

CASE_PREFIX = "lianxi.case.v1."

_ABOUT_A_HANDOFF = frozenset(
    {"HandoffConfirmed", "ObjectionRaised", "ObjectionUpheld", "ObjectionRejected", "ObjectionAnswered", "ReportedBack"}
)
"""The events that end duties of the one hand-off that they name; any other event ends the duties of the whole case."""


class Status(StrEnum):
    """Where a duty stands at a given time; `late` was met after its date, `released` was taken away unmet."""

    OPEN = "open"
    MET = "met"
    LATE = "late"
    BREACHED = "breached"
    LAPSED = "lapsed"
    RELEASED = "released"


class Duty(NamedTuple):
    """One duty of one agency on one case, with everything its date rests on."""

    duty_id: str
    rule_id: str
    rule_version: str
    article: str
    nature: str
    petition_id: UUID
    case_id: UUID
    debtor: str
    opened_time: datetime
    start_date: date
    due_date: date | None
    due_time: datetime | None
    due_state: str
    calendar_version: str
    arithmetic: str
    extension_days: int = 0
    met_time: datetime | None = None
    met_recorded_time: datetime | None = None
    released_time: datetime | None = None
    handoff_id: UUID | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether the duty is neither met nor released."""
        return self.met_time is None and self.released_time is None

    def status(self, now: datetime) -> Status:
        """Where the duty stands at `now`."""
        if self.met_time is not None:
            return Status.LATE if self.due_time and self.met_time >= self.due_time else Status.MET
        if self.released_time is not None:
            return Status.RELEASED
        if self.due_time is None or now < self.due_time:
            return Status.OPEN
        return Status.LAPSED if self.nature == Nature.WINDOW else Status.BREACHED


@dataclass(frozen=True, slots=True)
class Receipt:
    """How and when the petition reached the agency; `came_by` is `registration` or the kind of the hand-off."""

    agency_kind: str
    came_by: str
    received_time: datetime
    handoff_id: UUID | None = None
    reply_address_known: bool = True


@dataclass(frozen=True, slots=True)
class _Effects:
    starts: tuple[tuple[Rule, Start], ...]
    met: frozenset[str]
    released: frozenset[str]


@lru_cache(maxsize=65_536)
def _effects(event_name: str, first_received: date, table: RuleTable) -> _Effects:
    rules = table.on(first_received).values()
    return _Effects(
        starts=tuple((rule, start) for rule in rules for start in rule.starts if start.event == event_name),
        met=frozenset(rule.rule_id for rule in rules if event_name in rule.met_by),
        released=frozenset(rule.rule_id for rule in rules if event_name in rule.released_by),
    )


class DutyBook:
    """The duties of one case; `apply` folds a happening and returns the duties that it changed."""

    __slots__ = ("_case", "case_id", "duties", "first_received", "receipts")

    def __init__(self, case_id: UUID) -> None:
        self.case_id = case_id
        self._case = str(case_id)
        self.duties: dict[str, Duty] = {}
        self.first_received: date | None = None
        self.receipts: list[Receipt] = []

    def apply(self, happening: Happening, law: Law) -> list[Duty]:
        """Fold one fact of this case and return the duties it changed: first the ended, then moved, then opened."""
        event = happening.event
        name = event.type_name.removeprefix(CASE_PREFIX)
        self._note_receipt(name, event)
        if self.first_received is None:
            return []
        effects = _effects(name, self.first_received, law.table)
        changed = self._end(name, effects, happening)
        if name == "Extended":
            changed += self._extend(event, law)
        if effects.starts and self.receipts:
            changed += self._start(effects.starts, happening, law)
        for duty in changed:
            self.duties[duty.duty_id] = duty
        return changed

    def _note_receipt(self, name: str, event: Any) -> None:
        if name == "Registered":
            self.first_received = civil_date(event.received_time)
            self.receipts = [
                Receipt(event.agency_kind, "registration", event.received_time, None, event.reply_address_known)
            ]
        elif name == "HandoffReceived":
            self.first_received = civil_date(event.first_received_time)
            self.receipts.append(Receipt(event.agency_kind, event.kind, event.occurred_time, event.handoff_id))
        elif name == "ObjectionAnswered" and event.upheld:
            self.receipts = [receipt for receipt in self.receipts if receipt.handoff_id != event.handoff_id]

    def _end(self, name: str, effects: _Effects, happening: Happening) -> list[Duty]:
        event: Any = happening.event
        # A rejected objection takes nothing away: the petition stays with the objector, and so does what it owes.
        released = frozenset() if name == "ObjectionAnswered" and not event.upheld else effects.released
        if not (effects.met or released):
            return []
        handoff_id = event.handoff_id if name in _ABOUT_A_HANDOFF else None
        changed = []
        for duty in self.duties.values():
            if not duty.is_open or (handoff_id is not None and duty.handoff_id != handoff_id):
                continue
            if duty.rule_id in effects.met:
                met = duty._replace(met_time=event.occurred_time, met_recorded_time=happening.recorded_time)
                changed.append(met)
            elif duty.rule_id in released:
                changed.append(duty._replace(released_time=event.occurred_time))
        return changed

    def _start(self, starts: tuple[tuple[Rule, Start], ...], happening: Happening, law: Law) -> list[Duty]:
        receipt = self.receipts[-1]
        opened: dict[str, Duty] = {}
        for rule, start in starts:
            if start.holds(receipt, happening.event):
                opened[rule.rule_id] = self._open(rule, start, receipt, happening, law)
        return list(opened.values())

    def _extend(self, event: Any, law: Law) -> list[Duty]:
        return [
            _dated(duty, rule, law, event.days)
            for duty in self.duties.values()
            if duty.is_open and (rule := _rule_of(duty, self.first_received, law)) and rule.extension_days_max
        ]

    def _open(self, rule: Rule, start: Start, receipt: Receipt, happening: Happening, law: Law) -> Duty:
        event: Any = happening.event
        own_receipt = start.instant == "case_received_time"
        started: datetime = receipt.received_time if own_receipt else getattr(event, start.instant)
        start_date = civil_date(started)
        named = getattr(event, rule.named_in) if rule.named_in else None
        return Duty(
            f"{self._case}/{rule.rule_id}/{happening.version}",
            rule.rule_id,
            rule.version,
            rule.article,
            rule.nature,
            event.petition_id,
            self.case_id,
            PETITIONER if rule.debtor == PETITIONER else event.agency,
            started,
            start_date,
            *_dates(rule.rule_id, rule.version, start_date, law, 0, named),
            handoff_id=event.handoff_id if rule.outgoing else receipt.handoff_id,
        )


def _rule_of(duty: Duty, first_received: date | None, law: Law) -> Rule | None:
    return law.table.on(first_received).get(duty.rule_id) if first_received else None


def _dated(duty: Duty, rule: Rule, law: Law, extension_days: int) -> Duty:
    dates = _dates(rule.rule_id, rule.version, duty.start_date, law, extension_days, None)
    first, after = Duty._fields.index("due_date"), Duty._fields.index("met_time")
    return Duty._make((*duty[:first], *dates, *duty[after:]))


@lru_cache(maxsize=65_536)
def _dates(
    rule_id: str, version: str, start: date, law: Law, extension_days: int, named: date | None
) -> tuple[date | None, datetime | None, str, str, str, int]:
    """The fields `due_date` to `extension_days` of a duty: many start on one day, so a date is worked out once."""
    rule = law.table.row(rule_id, version)
    if rule.length is None and rule.named_in is None:
        return None, None, DueState.FINAL, law.version, f"{rule.article}: no figure in law", 0
    due = law.due_from(rule, start, extension_days=extension_days, named=named)
    arithmetic = f"{rule.article}: {due.arithmetic}"
    return due.due_date, due.due_time, due.state, law.version, arithmetic, extension_days
