"""The law in force where this process runs: the national duty table with the published calendar."""

from functools import lru_cache

from domain.law import Law
from services.kit.work_calendar import published_calendar


@lru_cache(maxsize=4)
def law_in_force(last_year: int | None = None) -> Law:
    """Return the law with the calendar of all published years, or of those up to `last_year` (as it was then)."""
    return Law(published_calendar(last_year))
