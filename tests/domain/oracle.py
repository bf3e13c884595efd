"""A second opinion on due dates: slow, plain, and written without looking at how the domain counts.

It knows the figures by heart, walks the calendar day by day over a plain list of exceptional days, and finds the
starting instant of a duty by reading the agency's log from the beginning.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.case import (
    Accepted,
    AssistanceReceived,
    DivertedToProcedure,
    Extended,
    HandedOff,
    HandoffReceived,
    HearingClosed,
    HearingOpened,
    ObjectionAnswered,
    ObjectionUpheld,
    OpinionServed,
    Registered,
    ResumedFromProcedure,
    ReviewDeclined,
    ReviewOpinionIssued,
    ReviewOpinionServed,
    ReviewRequested,
    Settled,
)
from domain.duties import Duty
from domain.event import Event

DAYS = {"D1": 15, "D3": 15, "D4": 15, "D10": 60, "D12": 30, "D13": 30, "D14": 30, "D15": 30}
WORKING_DAYS = {"D5": 5}
PETITIONERS = ("D12", "D14")
"""Periods of the petitioner, which do not end on a day off."""
HEARD = "D15"
"""The only period that stands still, while a hearing lasts."""
ONE_DAY = timedelta(days=1)


def due_date_of(duty: Duty, log: list[Event], exceptional_days: list[date]) -> date | None:
    """The date on which the duty is due by this oracle; None where the law gives no figure, or the clock stands."""
    first = int(duty.duty_id.rsplit("/", 1)[1]) - 1
    opening = log[first]
    if duty.rule_id in ("D2", "D7-ASSIST"):
        assert isinstance(opening, HandoffReceived | AssistanceReceived)
        return opening.report_due_date
    if duty.rule_id not in DAYS and duty.rule_id not in WORKING_DAYS:
        return None
    day = civil(started(opening, log))
    if duty.rule_id in WORKING_DAYS:
        return after_working_days(day, WORKING_DAYS[duty.rule_id], exceptional_days)
    lived = list(while_open(duty, log, first))
    if duty.rule_id == HEARD:
        return after_days_without_hearings(day, DAYS[HEARD], lived)
    granted = sum(event.days for event in lived if isinstance(event, Extended)) if duty.rule_id == "D10" else 0
    for _ in range(DAYS[duty.rule_id] + granted):
        day += ONE_DAY
    while duty.rule_id in PETITIONERS and not is_worked(day, exceptional_days):
        day += ONE_DAY
    return day


def while_open(duty: Duty, log: list[Event], first: int) -> Iterator[Event]:
    """What the agency recorded from the opening of the duty to what ends such a duty."""
    for event in log[first:]:
        yield event
        if isinstance(event, _ENDS.get(duty.rule_id, ())):
            return


_ENDS: dict[str, tuple[type[Event], ...]] = {
    "D10": (OpinionServed, Settled, DivertedToProcedure, HandedOff),
    "D15": (ReviewOpinionIssued, ReviewDeclined, HandoffReceived),
}


def after_days_without_hearings(day: date, count: int, lived: list[Event]) -> date | None:
    """Count calendar days and leave out every day on which a hearing was; None if the count runs into an open one."""
    days_off: set[date] = set()
    opened: date | None = None
    for event in lived:
        if isinstance(event, HearingOpened):
            opened = civil(event.occurred_time)
        elif isinstance(event, HearingClosed) and opened is not None:
            days_off |= {opened + ONE_DAY * n for n in range((civil(event.occurred_time) - opened).days + 1)}
            opened = None
    while count:
        day += ONE_DAY
        if opened is not None and day >= opened:
            return None
        count -= day not in days_off
    return day


def civil(time: datetime) -> date:
    return time.astimezone(ZoneInfo("Asia/Shanghai")).date()


def started(opening: Event, log: list[Event]) -> datetime:
    """The instant from which the opening event makes a period run."""
    if isinstance(opening, Registered):
        return opening.received_time
    if not isinstance(opening, ObjectionUpheld):
        return opening.occurred_time
    handed = next(
        number
        for number, event in enumerate(log)
        if isinstance(event, HandedOff) and event.handoff_id == opening.handoff_id
    )
    given_back = {e.handoff_id for e in log[:handed] if isinstance(e, ObjectionAnswered) and e.upheld}
    receipts = [
        event
        for event in log[:handed]
        if isinstance(event, Registered) or (isinstance(event, HandoffReceived) and event.handoff_id not in given_back)
    ]
    return started(receipts[-1], log)


_AT_ONCE = (
    HandoffReceived,
    Accepted,
    ResumedFromProcedure,
    OpinionServed,
    ReviewRequested,
    ReviewOpinionServed,
)


def is_worked(day: date, exceptional_days: list[date]) -> bool:
    weekend = day.strftime("%A") in ("Saturday", "Sunday")
    return weekend if day in exceptional_days else not weekend


def after_working_days(day: date, count: int, exceptional_days: list[date]) -> date:
    while count:
        day += timedelta(days=1)
        count -= is_worked(day, exceptional_days)
    return day
