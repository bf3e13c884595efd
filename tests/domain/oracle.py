"""A second opinion on due dates: slow, plain, and written without looking at how the domain counts.

It knows the figures by heart, walks the calendar day by day over a plain list of exceptional days, and finds the
starting instant of a duty by reading the agency's log from the beginning.
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.case import (
    AssistanceReceived,
    Extended,
    HandedOff,
    HandoffReceived,
    HearingClosed,
    HearingOpened,
    ObjectionAnswered,
    ObjectionUpheld,
    Registered,
)
from domain.duties import Duty
from domain.event import Event

DAYS = {"D1": 15, "D3": 15, "D4": 15, "D10": 60, "D12": 30, "D13": 30, "D14": 30, "D15": 30}
WORKING_DAYS = {"D5": 5}


def due_date_of(duty: Duty, log: list[Event], exceptional_days: list[date]) -> date | None:
    """The date on which the duty is due by this oracle; None where the law gives no figure."""
    opening = log[int(duty.duty_id.rsplit("/", 1)[1]) - 1]
    if duty.rule_id in ("D2", "D7-ASSIST"):
        assert isinstance(opening, HandoffReceived | AssistanceReceived)
        return opening.report_due_date
    if duty.rule_id not in DAYS and duty.rule_id not in WORKING_DAYS:
        return None
    day = started(opening, log).astimezone(ZoneInfo("Asia/Shanghai")).date()
    if duty.rule_id in WORKING_DAYS:
        return after_working_days(day, WORKING_DAYS[duty.rule_id], exceptional_days)
    if duty.rule_id == "D15":
        return after_days_without_hearing(day, DAYS["D15"], log)
    later = log[log.index(opening) :]
    granted = sum(event.days for event in later if isinstance(event, Extended)) if duty.rule_id == "D10" else 0
    for _ in range(DAYS[duty.rule_id] + granted):
        day += timedelta(days=1)
    while duty.rule_id in ("D12", "D14") and not is_worked(day, exceptional_days):
        day += timedelta(days=1)
    return day


def after_days_without_hearing(day: date, count: int, log: list[Event]) -> date | None:
    """The day on which the count is full, leaving out each day of a hearing; None while one lasts."""
    heard: set[date] = set()
    opened: date | None = None
    for event in log:
        today = event.occurred_time.astimezone(ZoneInfo("Asia/Shanghai")).date()
        if isinstance(event, HearingOpened):
            opened = today
        elif isinstance(event, HearingClosed) and opened:
            while opened <= today:
                heard.add(opened)
                opened += timedelta(days=1)
            opened = None
    while count:
        day += timedelta(days=1)
        if opened and day >= opened:
            return None
        count -= day not in heard
    return day


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


def is_worked(day: date, exceptional_days: list[date]) -> bool:
    weekend = day.strftime("%A") in ("Saturday", "Sunday")
    return weekend if day in exceptional_days else not weekend


def after_working_days(day: date, count: int, exceptional_days: list[date]) -> date:
    while count:
        day += timedelta(days=1)
        count -= is_worked(day, exceptional_days)
    return day
