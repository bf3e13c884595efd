"""The agencies that a file speaks of: listed in the mapping, found in a text, or made of a column's values."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from collections.abc import Mapping as MappingOf

from services.importer.mapping import AgenciesFromColumn, Find, MappedAgency, Mapping
from services.importer.templates import filled

_NOT_IN_AN_ID = re.compile(r"[^a-z0-9]+")
_ID_CHARACTERS_MAX = 40
_HASH_CHARACTERS = 8


def agencies_from(values: Iterable[str], made: AgenciesFromColumn) -> dict[str, MappedAgency]:
    """Return an agency for each value of a column; values that shorten to the same id get a hash to tell them apart."""
    known = sorted(set(values))
    short = {value: _NOT_IN_AN_ID.sub("-", value.lower()).strip("-") for value in known}
    often = Counter(short.values())
    return {
        value: MappedAgency(
            id=_unique(value, short[value], is_shared=often[short[value]] > 1),
            kind=made.kind,
            name_zh=filled(made.name_zh, {made.column: value}),
            name=filled(made.name, {made.column: value}),
        )
        for value in known
    }


def _unique(value: str, short: str, *, is_shared: bool) -> str:
    if not is_shared and 2 <= len(short) <= _ID_CHARACTERS_MAX:
        return short
    digest = hashlib.sha256(value.encode()).hexdigest()[:_HASH_CHARACTERS]
    return f"{short[: _ID_CHARACTERS_MAX - _HASH_CHARACTERS - 1] or 'agency'}-{digest}".lstrip("-")


class Finder:
    """Reads out of texts what the mapping's finds look for."""

    def __init__(self, mapping: Mapping) -> None:
        self._finds = [(find, tuple(map(re.compile, find.patterns))) for find in mapping.finds]
        self._named = [
            (agency.id, re.compile("|".join(agency.matches))) for agency in mapping.agencies if agency.matches
        ]

    def words(self, cells: MappingOf[str, str]) -> dict[str, str]:
        """Return the word of each find that fits: the agency's id, or the text that was found."""
        words = {}
        for find, patterns in self._finds:
            for pattern in patterns:
                if found := pattern.search(cells[find.column]):
                    words[find.word] = self._meaning(find, found)
                    break
        return words

    def _meaning(self, find: Find, found: re.Match[str]) -> str:
        if find.agency_otherwise is None:
            return found.group(0)
        name = found.groupdict().get("name") or found.group(0)
        return next((agency for agency, pattern in self._named if pattern.search(name)), find.agency_otherwise)
