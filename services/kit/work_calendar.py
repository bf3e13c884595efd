"""The published Chinese working days, read from the kept package `chinesecalendar` into the domain's pure calendar.

The version names the last published year and a digest of the days, so a newly published year and a corrected day are
each a new calendar, and every date worked out with it says so. It never guesses: a year that the package lacks is not
published.
"""

from datetime import date, timedelta
from functools import lru_cache
from hashlib import sha256

from chinese_calendar.constants import holidays, in_lieu_days, workdays

from domain.calendar import WorkCalendar


@lru_cache(maxsize=4)
def published_calendar(last_year: int | None = None) -> WorkCalendar:
    """Return the calendar of all published years, or of those up to `last_year` (to look at a date as it was then)."""
    known = {day.year for day in (*holidays, *workdays, *in_lieu_days)}
    last = max(known) if last_year is None else min(last_year, max(known))
    exceptions = frozenset(
        day
        for day in _days(min(known), last)
        if (day.weekday() < 5) == (day in holidays) and (day in holidays or day in workdays)
    )
    digest = sha256(" ".join(day.isoformat() for day in sorted(exceptions)).encode()).hexdigest()[:8]
    return WorkCalendar(f"cn-{last}-{digest}", min(known), last, exceptions)


def _days(first_year: int, last_year: int) -> list[date]:
    first, end = date(first_year, 1, 1), date(last_year + 1, 1, 1)
    return [first + timedelta(days=number) for number in range((end - first).days)]
