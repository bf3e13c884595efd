"""Civil days and Chinese working days, and the arithmetic of a period, spoken aloud.

The Regulations count in days (日) and, once only, in working days (工作日, Art. 23(3)). The first day is not
counted and a period ends at 24:00 of its last day in Asia/Shanghai (Civil Code Arts. 201 and 203, by analogy). Which
days are worked is the State Council's yearly notice: data that arrives as an argument, with a version. A period that
runs into a year whose notice is not published yet is provisional and says so.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
ONE_DAY = timedelta(days=1)


class Unit(StrEnum):
    """What a figure of the law counts: days, working days, or persons where it is a limit and no period."""

    CALENDAR_DAY = "calendar_day"
    WORKING_DAY = "working_day"
    PERSON = "person"


class DueState(StrEnum):
    """Whether a due date stands, waits for a calendar that is not published yet, or for a hearing to end."""

    FINAL = "final"
    CALENDAR_UNPUBLISHED = "calendar_unpublished"
    SUSPENDED = "suspended"


class Step(NamedTuple):
    """One step of an arithmetic in words, Chinese and English."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Due:
    """A worked-out date: the last day, whether it is final, the calendar's version, and each step of the arithmetic."""

    due_date: date
    state: DueState
    calendar_version: str
    steps: tuple[Step, ...]
    arithmetic: str = field(init=False, default="")
    """The steps as one English sentence, as it is stored with the duty."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "arithmetic", "; ".join(step.en for step in self.steps))

    @property
    def due_time(self) -> datetime:
        """The instant at which the period is over: 24:00 of the last day in Asia/Shanghai."""
        return end_of_day(self.due_date)


@dataclass(frozen=True)
class WorkCalendar:
    """The published working days of a span of years.

    `exceptions` holds the days that differ from Monday-to-Friday: holidays on weekdays, and make-up working days (调休)
    on weekends. Days outside `first_year`..`last_year` are not published.
    """

    version: str
    first_year: int
    last_year: int
    exceptions: frozenset[date] = field(repr=False)

    def is_published(self, day: date) -> bool:
        """Tell whether the State Council's notice for the day's year is part of this calendar."""
        return self.first_year <= day.year <= self.last_year

    def is_working_day(self, day: date) -> bool:
        """Tell whether the day is worked; in an unpublished year this is the plain Monday-to-Friday guess."""
        return (day.weekday() < 5) != (day in self.exceptions)

    def due(self, start: date, length: int, unit: Unit, *, roll_forward: bool = False) -> Due:
        """Work out the last day of a period of `length` units that starts on the day `start`, which is not counted."""
        return _due(self, start, length, unit, roll_forward)

    def __hash__(self) -> int:
        return hash(self.version)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WorkCalendar) and other.version == self.version


@lru_cache(maxsize=65_536)
def _due(calendar: WorkCalendar, start: date, length: int, unit: Unit, roll_forward: bool) -> Due:
    steps = [Step(f"起算日 {in_zh(start)},不计入", f"start {in_en(start)}, not counted")]
    if unit is Unit.CALENDAR_DAY:
        last = start + timedelta(days=length)
        steps.append(Step(f"加 {length} 日 = {in_zh(last)}", f"+ {length} calendar days = {in_en(last)}"))
        relied_on = [last] if roll_forward else []
    else:
        last, skipped = _after_working_days(calendar, start, length)
        steps.extend(Step(f"{in_zh(day)} 不是工作日", f"{in_en(day)} is not a working day") for day in skipped)
        steps.append(Step(f"加 {length} 个工作日 = {in_zh(last)}", f"+ {length} working days = {in_en(last)}"))
        relied_on = [start + ONE_DAY, last]
    if roll_forward:
        last = _rolled(calendar, last, steps)
        relied_on.append(last)
    state = DueState.FINAL
    if not all(calendar.is_published(day) for day in relied_on):
        state = DueState.CALENDAR_UNPUBLISHED
        steps.append(_provisional(calendar, last))
    steps.append(ends_at(last))
    return Due(last, state, calendar.version, tuple(steps))


def _provisional(calendar: WorkCalendar, last: date) -> Step:
    return Step(
        f"截至 {last} 的放假调休安排尚未全部公布({calendar.version}),结果为暂定",
        f"not all working days up to {last} are published in {calendar.version}: provisional",
    )


def ends_at(last: date) -> Step:
    """Say when a period ends whose last day this is."""
    return Step(f"至 {last} 24:00(北京时间)届满", f"ends at 24:00 of {last}, Asia/Shanghai")


def in_en(day: date) -> str:
    """A day with its weekday, in English."""
    return f"{day} ({day:%a})"


def in_zh(day: date) -> str:
    """A day with its weekday, in Chinese."""
    return f"{day}(周{'一二三四五六日'[day.weekday()]})"


def _after_working_days(calendar: WorkCalendar, start: date, length: int) -> tuple[date, list[date]]:
    day, counted, skipped = start, 0, []
    while counted < length:
        day += ONE_DAY
        if calendar.is_working_day(day):
            counted += 1
        else:
            skipped.append(day)
    return day, skipped


def _rolled(calendar: WorkCalendar, last: date, steps: list[Step]) -> date:
    while not calendar.is_working_day(last):
        steps.append(
            Step(
                f"{in_zh(last)} 不是工作日,顺延至次日(参照民法典第二百零三条)",
                f"{in_en(last)} is not a working day: moved to the next (Civil Code Art. 203)",
            )
        )
        last += ONE_DAY
    return last


def civil_date(instant: datetime) -> date:
    """The civil date of an instant in Asia/Shanghai."""
    return instant.astimezone(SHANGHAI).date()


def end_of_day(day: date) -> datetime:
    """The instant, in UTC, at which the civil day ends in Asia/Shanghai (24:00)."""
    return datetime.combine(day + ONE_DAY, time(), SHANGHAI).astimezone(UTC)
