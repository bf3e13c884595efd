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

from domain.calendar import DueState, Unit, civil_date
from domain.custody import PETITIONER
from domain.event import Happening
from domain.law import Law
from domain.rules import NO_ROWS, Effects, Nature, Rows, Rule, Start
from domain.suspension import Ledger, Pause, ledger_of, steps_of_ledger

CASE_PREFIX = "lianxi.case.v1."

_ABOUT_A_HANDOFF = "HandoffConfirmed ObjectionRaised ObjectionUpheld ObjectionRejected ObjectionAnswered ReportedBack"
_ABOUT_ASSISTANCE = "AssistanceReported AssistanceWithdrawalReceived"
_NAMING = {
    **dict.fromkeys(_ABOUT_A_HANDOFF.split(), "handoff_id"),
    **dict.fromkeys(_ABOUT_ASSISTANCE.split(), "assistance_id"),
}
"""The events that end duties of the one arrangement that they name; any other ends the duties of the whole case."""

_SIDE_ARRIVALS = {"AssistanceReceived": "assistance", "ReviewRequested": "review"}
"""How a petition comes before an agency that does not hold it."""

_ARRIVALS = {*_SIDE_ARRIVALS, "Registered", "HandoffReceived", "ObjectionAnswered"}
"""What changes how the petition is held, or by which Regulations it is judged."""


class Status(StrEnum):
    """Where a duty stands at a given time; `late` was met after its date, `released` was taken away unmet."""

    OPEN = "open"
    MET = "met"
    LATE = "late"
    BREACHED = "breached"
    LAPSED = "lapsed"
    RELEASED = "released"


class Duty(NamedTuple):
    """One duty of one agency on one case, with everything its date rests on.

    `handoff_id` is the hand-off, or the assistance, that the duty is about. The last four fields are the ledger of a
    period that may be suspended (`domain.suspension.Ledger`); `budget_days` is None of any other.
    """

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
    budget_days: int | None = None
    consumed_days: int = 0
    running_since: date | None = None
    suspended_since: date | None = None

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


class DutyBook:
    """The duties of one case; `apply` folds a happening and returns the duties that it changed."""

    __slots__ = ("_case", "_law", "_rows", "case_id", "duties", "first_received", "pauses", "receipts")

    def __init__(self, case_id: UUID) -> None:
        self.case_id = case_id
        self._case = str(case_id)
        self.duties: dict[str, Duty] = {}
        self.first_received: date | None = None
        self.receipts: list[Receipt] = []
        self._law: Law | None = None
        self._rows: Rows = NO_ROWS
        self.pauses: list[Pause] = []

    def apply(self, happening: Happening, law: Law) -> list[Duty]:
        """Fold one fact of this case and return the duties it changed: first the ended, then moved, then opened."""
        event = happening.event
        name = event.type_name.removeprefix(CASE_PREFIX)
        if name in _ARRIVALS:
            self._note_receipt(name, event)
            self._law = None
        if name == "ReviewRequested":
            # A hearing belongs to one review: what an earlier one left open stops no later clock.
            self.pauses = []
        if self.first_received is None:
            return []
        if law is not self._law:
            self._law, self._rows = law, law.table.on(self.first_received)
        effects = self._rows.effects(name)
        changed = self._end(name, effects, happening)
        if name == "Extended":
            changed += self._extend(event, law)
        if effects.suspends or effects.resumes:
            changed += self._suspend(effects, civil_date(event.occurred_time), law)
        if effects.starts and self.receipts:
            changed += self._start(effects, happening, law)
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
        elif name in _SIDE_ARRIVALS and not self.receipts:
            self.first_received = civil_date(event.first_received_time)
            self.receipts = [Receipt(event.agency_kind, _SIDE_ARRIVALS[name], event.occurred_time)]
        elif name == "ObjectionAnswered" and event.upheld:
            self.receipts = [receipt for receipt in self.receipts if receipt.handoff_id != event.handoff_id]

    def _end(self, name: str, effects: Effects, happening: Happening) -> list[Duty]:
        event: Any = happening.event
        met, released = effects.met.by(event), effects.released.by(event)
        if not (met or released):
            return []
        about = getattr(event, _NAMING[name]) if name in _NAMING else None
        changed = []
        for duty in self.duties.values():
            if not duty.is_open or (about is not None and duty.handoff_id != about):
                continue
            if duty.rule_id in met:
                # A petitioner keeps a window by asking, at another agency, before this one learns of it.
                met_time = getattr(event, "requested_time", None) or event.occurred_time
                done = duty._replace(met_time=met_time, met_recorded_time=happening.recorded_time)
                changed.append(done)
            elif duty.rule_id in released:
                changed.append(duty._replace(released_time=event.occurred_time))
        return changed

    def _start(self, effects: Effects, happening: Happening, law: Law) -> list[Duty]:
        receipt = self.receipts[-1]
        opened: dict[str, Duty] = {}
        for rule, start in effects.starts:
            if start.holds(receipt, happening.event):
                opened[rule.rule_id] = self._open(rule, start, receipt, happening, law)
        return list(opened.values())

    def _extend(self, event: Any, law: Law) -> list[Duty]:
        return [
            _dated(duty, law, event.days)
            for duty in self.duties.values()
            if duty.is_open and law.table.row(duty.rule_id, duty.rule_version).extension_days_max
        ]

    def _suspend(self, effects: Effects, day: date, law: Law) -> list[Duty]:
        """Begin or end a pause, and count the open periods anew that it stops."""
        if effects.suspends:
            self.pauses.append((day, None))
        else:
            self.pauses = [(first, day if last is None else last) for first, last in self.pauses]
        stopped = effects.suspends | effects.resumes
        return [self._paused(duty, law) for duty in self.duties.values() if duty.is_open and duty.rule_id in stopped]

    def _paused(self, duty: Duty, law: Law) -> Duty:
        assert duty.budget_days is not None
        ledger = ledger_of(duty.start_date, duty.budget_days, self.pauses)
        due_date, due_time, due_state, arithmetic = _dates_of_ledger(duty, ledger, law)
        return duty._replace(
            due_date=due_date, due_time=due_time, due_state=due_state, arithmetic=arithmetic, **ledger._asdict()
        )

    def _open(self, rule: Rule, start: Start, receipt: Receipt, happening: Happening, law: Law) -> Duty:
        event: Any = happening.event
        own_receipt = start.instant == "case_received_time"
        started: datetime = receipt.received_time if own_receipt else getattr(event, start.instant)
        start_date = civil_date(started)
        named = getattr(event, rule.named_in) if rule.named_in else None
        duty = Duty(
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
            handoff_id=getattr(event, rule.about) if rule.about else receipt.handoff_id,
        )
        if rule.suspended_by is None:
            return duty
        return self._paused(duty._replace(budget_days=rule.length), law)


def _dated(duty: Duty, law: Law, extension_days: int) -> Duty:
    dates = _dates(duty.rule_id, duty.rule_version, duty.start_date, law, extension_days, None)
    first, after = Duty._fields.index("due_date"), Duty._fields.index("met_time")
    return Duty._make((*duty[:first], *dates, *duty[after:]))


@lru_cache(maxsize=65_536)
def _dates(
    rule_id: str, version: str, start: date, law: Law, extension_days: int, named: date | None
) -> tuple[date | None, datetime | None, str, str, str, int]:
    """The fields `due_date` to `extension_days` of a duty: many start on one day, so a date is worked out once."""
    rule = law.table.row(rule_id, version)
    if rule.length is None and named is None and (rule.named_in is None or rule.may_be_unnamed):
        return None, None, DueState.FINAL, law.version, f"{rule.article}: no figure in law", 0
    due = law.due_from(rule, start, extension_days=extension_days, named=named)
    arithmetic = f"{_stands_on(rule)}: {due.arithmetic}"
    return due.due_date, due.due_time, due.state, law.version, arithmetic, extension_days


def _stands_on(rule: Rule) -> str:
    return f"{rule.article}, {rule.basis}" if rule.basis else rule.article


def _dates_of_ledger(duty: Duty, ledger: Ledger, law: Law) -> tuple[date | None, datetime | None, str, str]:
    """The date, instant, state and arithmetic of a period that may stand still."""
    steps = steps_of_ledger(duty.start_date, ledger)
    if ledger.running_since is None:
        text = "; ".join(step.en for step in steps)
        return None, None, DueState.SUSPENDED, f"{duty.article}: {text}"
    due = law.calendar.due(ledger.running_since, ledger.left_days, Unit.CALENDAR_DAY)
    text = "; ".join(step.en for step in (*steps, *due.steps))
    return due.due_date, due.due_time, due.state, f"{duty.article}: {text}"
