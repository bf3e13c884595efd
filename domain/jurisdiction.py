"""Jurisdiction (管辖): who stands above whom, who took over from whom, and which agency is competent on a given day.

Four rules of the Regulations ask for it: a dispute over acceptance goes to the common superior, or else to the common
Joint Meeting (Art. 24(1)); whoever carries on the powers of a split, merged or abolished agency takes the petition in
(Art. 24(2)); a review and a re-review are asked of the next agency above (Arts. 35 and 36); and an accusation never
reaches the accused (Art. 30(3)). Everything is answered from what the directory says of each agency; a superior is
declared, never guessed from a code. A circle of superiors, which is a mistake, still gives an answer and never a hang.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import NamedTuple

from domain.vocabulary import AgencyKind, AgencyLevel

NATION = "000000"
"""The whole country as a division: GB/T 2260 itself begins with the provinces."""


class Agency(NamedTuple):
    """What jurisdiction depends on: the kind, the division (GB/T 2260), the superior, the life span and the heirs.

    `established` is the first day and `abolished` the first day without it; `successors` names who carries on its
    powers (Art. 24(2)), and first the one that leads its subordinates from then on.
    """

    agency: str
    kind: AgencyKind
    division: str | None = None
    superior: str | None = None
    established: date | None = None
    abolished: date | None = None
    successors: tuple[str, ...] = ()

    @property
    def level(self) -> AgencyLevel | None:
        """The level that its division has; none where no division is declared."""
        return None if self.division is None else level_of(self.division)

    def stands(self, on: date) -> bool:
        """Tell whether the agency exists on that day."""
        return (self.established is None or self.established <= on) and (self.abolished is None or on < self.abolished)


_NEVER_TAINTED = (AgencyKind.DISCIPLINE_ORGAN, AgencyKind.PARTY_OR_GOVERNMENT)


def level_of(division: str) -> AgencyLevel:
    """Return the level of a division, as its six digits say it: two each for province, city and county."""
    if division == NATION:
        return AgencyLevel.NATIONAL
    if division.endswith("0000"):
        return AgencyLevel.PROVINCE
    return AgencyLevel.CITY if division.endswith("00") else AgencyLevel.COUNTY


def enclosing(division: str) -> Iterator[str]:
    """Yield a division and those around it, from the smallest to the nation."""
    yield from dict.fromkeys((division, division[:4] + "00", division[:2] + "0000", NATION))


class Agencies:
    """All agencies with their dependence on one another; immutable, so that a decision is a function of it."""

    def __init__(self, agencies: Iterable[Agency]) -> None:
        self._agencies = {one.agency: one for one in sorted(agencies, key=lambda one: one.agency)}
        self._predecessors: dict[str, list[str]] = {}
        for one in self._agencies.values():
            for heir in one.successors:
                if self._is_tainted(heir, one):
                    self._predecessors.setdefault(heir, []).append(one.agency)
        self._above: dict[str, frozenset[str]] = {}

    def __iter__(self) -> Iterator[Agency]:
        return iter(self._agencies.values())

    def __len__(self) -> int:
        return len(self._agencies)

    def find(self, agency: str) -> Agency | None:
        """Return what is known of an agency, if anything is."""
        return self._agencies.get(agency)

    def successor(self, agency: str, on: date) -> tuple[str, ...]:
        """Return who takes in what the agency had to handle, Art. 24(2); empty until it is abolished, or if unknown.

        Those are the agencies that carry on its powers, through every later split and merger. Where none is named or
        left, the duty is unclear, and the Party committee and government of its own level receive, or say who does.
        """
        gone = self.find(agency)
        if gone is None or gone.abolished is None or on < gone.abolished:
            return ()
        heirs = self._heirs(agency, on)
        if heirs or gone.division is None:
            return heirs
        return self.competent(gone.division, AgencyKind.PARTY_OR_GOVERNMENT, on)

    def next_higher(self, agency: str, on: date) -> str | None:
        """Return the next agency above, of whom a review (Art. 35) or a re-review (Art. 36) is asked.

        For an abolished superior its first standing successor answers; without any, the agency above that superior.
        """
        return next(self._ladder(agency, on), None)

    def is_under(self, agency: str, of: str) -> bool:
        """Tell whether an agency is or ever was below another or below its heirs, or is an heir of it itself.

        It asks for no date, because it protects: a tie that ended still is one along which an accusation could leak.
        A superior, a government or a discipline organ is under nobody who names it as heir.
        """
        return of in self.all_above(agency)

    def reaches(self, accused: Iterable[str], to: str) -> bool:
        """Tell whether what is sent to an agency reaches the accused: it is one of them, or under one, Art. 30(3)."""
        above = self.all_above(to)
        return any(one == to or one in above for one in accused)

    def common_superior(self, agencies: Iterable[str], on: date) -> str | None:
        """Return the nearest agency above all of these, which decides who accepts, Art. 24(1).

        None of the disputing agencies counts as its own superior. Without a common superior the common Joint Meeting
        coordinates: see `common_office`.
        """
        return _nearest_common(agencies, lambda one: self._climb(one, on))

    def common_office(self, agencies: Iterable[str], on: date) -> str | None:
        """Return the nearest Joint Meeting Office whose division holds all of these agencies, Art. 24(1)."""
        return _nearest_common(agencies, lambda one: self._offices(one, on), may_be_a_party=True)

    def office_of(self, agency: str, on: date) -> str | None:
        """Return the Joint Meeting Office of the agency's own level, or the nearest above it, Arts. 11 and 25(1)."""
        return next(iter(self._offices(agency, on)), None)

    def competent(self, division: str | None, kind: AgencyKind, on: date) -> tuple[str, ...]:
        """Return the agencies of a kind that stand in a division on that day, in the order of their ids, Art. 22(1)."""
        return tuple(one.agency for one in self if one.division == division and one.kind is kind and one.stands(on))

    def _heirs(self, agency: str, on: date) -> tuple[str, ...]:
        """Return the standing agencies at the ends of a chain of splits and mergers, those named first in front."""
        found: list[str] = []
        seen, open_ends = {agency}, [agency]
        while open_ends:
            one = open_ends.pop()
            known = self.find(one)
            if known is not None and known.stands(on) and one != agency:
                found.append(one)
            elif known is not None:
                heirs = [heir for heir in known.successors if heir not in seen]
                seen.update(heirs)
                open_ends += reversed(heirs)
        return tuple(found)

    def _ladder(self, agency: str, on: date) -> Iterator[str]:
        """Yield who may answer as the next above: the declared superior or its heir, or else the one above that."""
        seen = {agency}
        upper = self._superior(agency)
        while upper is not None and upper not in seen:
            seen.add(upper)
            known = self.find(upper)
            # A superior that is not listed may be listed tomorrow: its id is still the right answer.
            answers = (upper,) if known is None or known.stands(on) else self._heirs(upper, on)
            yield from (one for one in answers if one != agency)
            upper = self._superior(upper)

    def _superior(self, agency: str) -> str | None:
        known = self.find(agency)
        return None if known is None else known.superior

    def _climb(self, agency: str, on: date) -> list[str]:
        """Return the agencies above, from the next one to the last; a circle ends before it closes."""
        path: dict[str, None] = {}
        step = self.next_higher(agency, on)
        while step is not None and step not in path and step != agency:
            path[step] = None
            step = self.next_higher(step, on)
        return list(path)

    def all_above(self, agency: str) -> frozenset[str]:
        """Return everything that the agency is under; worked out once, for this is asked for each delivery."""
        above = self._above.get(agency)
        if above is None:
            found: set[str] = set()
            open_ends = [agency]
            while open_ends:
                news = self._directly_above(open_ends.pop()) - found
                found |= news
                open_ends += news
            above = self._above[agency] = frozenset(found)
        return above

    def _directly_above(self, agency: str) -> set[str]:
        superiors: set[str] = set()
        open_ends = [self._superior(agency)]
        # Whoever took over from a superior leads its subordinates, and so does whoever took over from that one.
        while open_ends:
            superior = open_ends.pop()
            if superior is not None and superior not in superiors:
                superiors.add(superior)
                known = self.find(superior)
                open_ends += known.successors if known else ()
        return superiors.union(self._predecessors.get(agency, ()))

    def _is_tainted(self, heir: str, gone: Agency) -> bool:
        """Tell whether an heir is kept from accusations of the agency that names it.

        Not so its superiors and those who judge or govern it: else it would escape them by calling them its heirs.
        """
        known = self.find(heir)
        if known is not None and known.kind in _NEVER_TAINTED and known.kind is not gone.kind:
            return False
        above: set[str] = set()
        step = gone.superior
        while step is not None and step not in above:
            above.add(step)
            step = self._superior(step)
        return heir not in above

    def _offices(self, agency: str, on: date) -> list[str]:
        """Return the Joint Meeting Offices of the division and of those around it, the nearest first."""
        division = self._division_of(agency, on)
        around = [None] if division is None else enclosing(division)
        return [one for place in around for one in self.competent(place, AgencyKind.JOINT_MEETING_OFFICE, on)]

    def _division_of(self, agency: str, on: date) -> str | None:
        """Return the agency's division, or that of the nearest agency above which declares one."""
        known = map(self.find, (agency, *self._climb(agency, on)))
        return next((one.division for one in known if one is not None and one.division is not None), None)


def _nearest_common(
    agencies: Iterable[str], path_of: Callable[[str], list[str]], *, may_be_a_party: bool = False
) -> str | None:
    """Return the first on the path of one agency that is on the paths of all the others."""
    parties = tuple(dict.fromkeys(agencies))
    paths = [path_of(one) for one in parties]
    shared = paths[0] if paths else []
    return next(
        (one for one in shared if (may_be_a_party or one not in parties) and all(one in path for path in paths[1:])),
        None,
    )


NO_AGENCIES = Agencies(())
"""A directory that says nothing about jurisdiction."""
