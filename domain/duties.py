"""Duties: what an agency owes on a case by a date, folded from facts by the duty table (`domain.rules`).

`DutyBook` is the ledger of one case. It opens, meets, releases and moves duties, and reports each duty that a fact
changed. A status is never stored: it follows from the dates and the time at which one asks.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

from domain.calendar import DueState, WorkCalendar, civil_date
from domain.case import Extended
from domain.event import Happening
from domain.rules import Nature, Rule, Start, due_of, rules_on

CASE_PREFIX = "lianxi.case.v1."


class Status(StrEnum):
    """Where a duty stands at a given time; `late` was met after its date, `released` was taken away unmet."""

    OPEN = "open"
    MET = "met"
    LATE = "late"
    BREACHED = "breached"
    LAPSED = "lapsed"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Duty:
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
class _Effects:
    starts: tuple[tuple[Rule, Start], ...]
    met: frozenset[str]
    released: frozenset[str]


@lru_cache(maxsize=65_536)
def _effects(event_name: str, first_received: date) -> _Effects:
    rules = rules_on(first_received)
    return _Effects(
        starts=tuple((rule, start) for rule in rules for start in rule.starts if start.event == event_name),
        met=frozenset(rule.rule_id for rule in rules if event_name in rule.met_by),
        released=frozenset(rule.rule_id for rule in rules if event_name in rule.released_by),
    )


class DutyBook:
    """The duties of one case; `apply` folds a happening and returns the duties that it changed."""

    __slots__ = ("agency_kind", "case_id", "duties", "first_received", "received_time")

    def __init__(self, case_id: UUID) -> None:
        self.case_id = case_id
        self.duties: dict[str, Duty] = {}
        self.agency_kind = ""
        self.first_received: date | None = None
        self.received_time: datetime | None = None

    def apply(self, happening: Happening, calendar: WorkCalendar) -> list[Duty]:
        """Fold one fact of this case and return the duties it changed: first the ended, then moved, then opened."""
        event = happening.event
        name = type(event).type_name.removeprefix(CASE_PREFIX)
        self._note_receipt(name, event)
        if self.first_received is None:
            return []
        effects = _effects(name, self.first_received)
        changed = self._end(effects, happening)
        if isinstance(event, Extended):
            changed += self._extend(event, calendar)
        for rule, start in effects.starts:
            if self._matches(start, event):
                changed.append(self._open(rule, start, happening, calendar))
        for duty in changed:
            self.duties[duty.duty_id] = duty
        return changed

    def _note_receipt(self, name: str, event: Any) -> None:
        if name == "Registered":
            self.agency_kind, self.received_time = event.agency_kind, event.received_time
            self.first_received = civil_date(event.received_time)
        elif name == "HandoffReceived":
            self.agency_kind, self.received_time = event.agency_kind, event.occurred_time
            self.first_received = civil_date(event.first_received_time)

    def _matches(self, start: Start, event: Any) -> bool:
        for field, values in start.when:
            if getattr(event, field, self.agency_kind if field == "agency_kind" else None) not in values:
                return False
        return True

    def _end(self, effects: _Effects, happening: Happening) -> list[Duty]:
        if not (effects.met or effects.released):
            return []
        time = happening.event.occurred_time
        changed = []
        for duty in self.duties.values():
            if duty.is_open and duty.rule_id in effects.met:
                changed.append(replace(duty, met_time=time, met_recorded_time=happening.recorded_time))
            elif duty.is_open and duty.rule_id in effects.released:
                changed.append(replace(duty, released_time=time))
        return changed

    def _extend(self, event: Extended, calendar: WorkCalendar) -> list[Duty]:
        return [
            _dated(duty, rule, calendar, event.days)
            for duty in self.duties.values()
            if duty.is_open and (rule := _rule_of(duty, self.first_received)) and rule.extension_days_max
        ]

    def _open(self, rule: Rule, start: Start, happening: Happening, calendar: WorkCalendar) -> Duty:
        event: Any = happening.event
        own_receipt = start.instant == "case_received_time" and self.received_time
        started: datetime = own_receipt or getattr(event, start.instant, event.occurred_time)
        duty = Duty(
            f"{self.case_id}/{rule.rule_id}/{happening.version}",
            rule.rule_id,
            rule.version,
            rule.article,
            rule.nature,
            event.petition_id,
            self.case_id,
            event.agency,
            opened_time=started,
            start_date=civil_date(started),
            due_date=None,
            due_time=None,
            due_state=DueState.FINAL,
            calendar_version=calendar.version,
            arithmetic=f"{rule.article}: no figure in law",
        )
        if rule.length is None and rule.named_in is None:
            return duty
        return _dated(duty, rule, calendar, 0, getattr(event, rule.named_in) if rule.named_in else None)


def _rule_of(duty: Duty, first_received: date | None) -> Rule | None:
    if first_received is None:
        return None
    return next((rule for rule in rules_on(first_received) if rule.rule_id == duty.rule_id), None)


def _dated(duty: Duty, rule: Rule, calendar: WorkCalendar, extension_days: int, named: date | None = None) -> Duty:
    due = due_of(rule, duty.opened_time, calendar, extension_days=extension_days, named=named)
    return replace(
        duty,
        due_date=due.due_date,
        due_time=due.due_time,
        due_state=due.state,
        calendar_version=due.calendar_version,
        arithmetic=f"{rule.article}: {due.arithmetic}",
        extension_days=extension_days,
    )
