"""Times as files write them, read into instants.

A time without a clock is the start of its day; a time without a zone is in the mapping's zone. It never guesses a
format that the mapping does not list.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from services.importer.mapping import Times

Parse = Callable[[str], datetime]


class NotATime(ValueError):
    """The text is no time in any format of the mapping; the message does not repeat it."""


def time_reader(times: Times) -> Parse:
    """Return the function that reads this mapping's times into UTC; it raises `NotATime`."""
    zone = ZoneInfo(times.zone)
    readers = tuple(map(_reader, times.formats))

    def read(text: str) -> datetime:
        for reader in readers:
            try:
                found = reader(text)
            except ValueError:
                continue
            return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
        raise NotATime("not a time in any form that the mapping lists")

    return lru_cache(maxsize=4096)(read)


def _reader(form: str) -> Parse:
    if form == "iso":
        return datetime.fromisoformat
    # What a format does not say, strptime sets to the start of the day; its result gets the mapping's zone above.
    return lambda text: datetime.strptime(text, form)  # noqa: DTZ007
