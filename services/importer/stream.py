"""A case as a stream of moments, read as hand-overs between agencies and returns to where a petition came from.

A row names the agency that has the case at that moment, and no more. Where the next agency is the one that had handed
the case to the present one, and still waits for nothing else on it, the change is a return (an objection that is
upheld); any other change is a hand-over. The bookkeeping is that of the domain's cases, so that what comes out of here
is not refused there. Pure; it looks at no text and no time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from services.importer.mapping import Occasion


@dataclass(frozen=True, slots=True)
class Change:
    """What happens at a row: `holder` has the case before it, `other` gets it; they are the same at begin and end."""

    occasion: Occasion
    row: int
    holder: str
    other: str


@dataclass(slots=True)
class _Holding:
    """One stay of the case at an agency: by which hand-over it came and from whom, and by which it left."""

    came_by: int = 0
    came_from: str = ""
    left_by: int = 0


@dataclass(slots=True)
class _Hands:
    """Every agency's stays that are not settled by a return, the present one last."""

    stays: dict[str, list[_Holding]] = field(default_factory=dict)
    handovers: int = 0

    def begin(self, agency: str) -> None:
        self.stays[agency] = [_Holding()]

    def can_return(self, holder: str, to: str) -> bool:
        stay = self.stays[holder][-1]
        waiting = self.stays.get(to)
        return stay.came_from == to and bool(waiting) and waiting[-1].left_by == stay.came_by  # type: ignore[index]

    def hand_back(self, holder: str, to: str) -> None:
        self.stays[holder].pop()
        self.stays[to][-1].left_by = 0

    def hand_over(self, holder: str, to: str) -> None:
        self.handovers += 1
        self.stays[holder][-1].left_by = self.handovers
        self.stays.setdefault(to, []).append(_Holding(self.handovers, holder))


def changes(agencies: Sequence[str], *, is_ended: bool) -> Iterator[Change]:
    """Return what happens to a case whose rows name these agencies, in order; `is_ended` is said of its last row."""
    hands, holder = _Hands(), agencies[0]
    hands.begin(holder)
    yield Change(Occasion.BEGIN, 0, holder, holder)
    for row, agency in enumerate(agencies):
        if agency == holder:
            continue
        if hands.can_return(holder, agency):
            hands.hand_back(holder, agency)
            yield Change(Occasion.RETURN, row, holder, agency)
        else:
            hands.hand_over(holder, agency)
            yield Change(Occasion.HANDOVER, row, holder, agency)
        holder = agency
    if is_ended:
        yield Change(Occasion.END, len(agencies) - 1, holder, holder)
