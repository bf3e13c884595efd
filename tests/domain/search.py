"""A search through all small histories of one petition, breadth first, each state looked at once.

Two states are one if they differ only in times, ids and versions: of a time it is kept whether a month has passed,
because that is what a window turns on. After each command the mail arrives at once, or, held back, with the next one.
"""

import gc
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from domain.case import Case
from domain.event import Command, Value
from domain.vocabulary import AgencyKind
from tests.domain.chessboard import Agency, Chessboard, Move, Step
from tests.domain.facts import on
from tests.domain.player import W

START = on("2023-03-01")
TICK, MONTH = timedelta(minutes=1), timedelta(days=31)
_FORGOTTEN = frozenset({"petition_id", "agency", "agency_kind", "channel", "materials", "causes", "version"})
_FIELDS: dict[type, tuple[str, ...]] = {}
_FORMS: dict[int, tuple[Case | None, tuple[Hashable, tuple[UUID, ...]]]] = {}


@dataclass(frozen=True, eq=False)
class Chapter:
    """One part of the law that is searched: who plays, what happened before, the commands, and how many of them.

    `waits`: a month may pass as a step of its own. `words` narrows the closed sets of words to those that differ here.
    """

    title: str
    kinds: Mapping[str, AgencyKind]
    opening: tuple[Move, ...]
    commands: frozenset[type[Command]]
    depth: int = 7
    waits: bool = False
    held_back: bool = False
    words: Mapping[Any, tuple[Any, ...]] = field(default_factory=dict)

    def each(self, kind: type[W], /) -> Iterable[W]:
        """The words that are tried: those named, or else the first."""
        return self.words.get(kind, tuple(kind)[:1])


class Found(NamedTuple):
    """What a search came to: how many states and transitions, which steps cases took, and how often."""

    states: int
    transitions: int
    steps: Counter[Step]


def search(chapter: Chapter, check: Callable[[Chessboard], None]) -> Found:
    """Go through every state up to the chapter's depth and check it; raise what `check` raises."""
    first = _opened(chapter)
    # Nothing here forms circles; looking for them would take a fifth of the time.
    gc.disable()
    try:
        return _searched(chapter, first, check)
    finally:
        gc.enable()


def _searched(chapter: Chapter, first: Chessboard, check: Callable[[Chessboard], None]) -> Found:
    seen: set[Hashable] = set()
    steps: Counter[Step] = Counter()
    transitions = 0
    frontier = [first]
    for depth in range(chapter.depth + 1):
        following: list[Chessboard] = []
        for board in frontier:
            steps.update(board.steps)
            if (form := normal_form(board)) in seen:
                continue
            seen.add(form)
            check(board)
            if depth < chapter.depth:
                following += _successors(board, chapter)
        transitions += len(following)
        frontier = following
    return Found(len(seen), transitions, steps)


def _opened(chapter: Chapter) -> Chessboard:
    board = Chessboard(chapter.kinds, START)
    board.register(next(iter(chapter.kinds)))
    for name, command in chapter.opening:
        board.now += TICK
        assert (refusal := board.give(name, command)) is None, refusal
        board.settle()
    return board


def _successors(board: Chessboard, chapter: Chapter) -> Iterator[Chessboard]:
    for name, command in board.possible(chapter.commands, chapter.each):
        after = board.fork()
        after.now += TICK
        arriving = after.waiting()
        assert after.give(name, command) is None
        after.relay_all()
        for pair in arriving:
            after.deliver(pair)
        after.relay_all()
        if not chapter.held_back:
            after.settle()
        yield after
    if board.waiting():
        arrived = board.fork()
        for pair in board.waiting():
            arrived.deliver(pair)
        arrived.relay_all()
        yield arrived
    if chapter.waits:
        later = board.fork()
        later.now += MONTH
        yield later


def normal_form(board: Chessboard) -> Hashable:
    """What makes one state differ from another; ids are numbered in the order in which they appear."""
    ids: dict[object, int] = {}

    def number(found: Iterable[object]) -> Hashable:
        return tuple(ids.setdefault(one, len(ids)) for one in found)

    cases = tuple((form, number(found)) for form, found in map(_case_form, board.agencies.values()))
    letters = tuple(
        (pair, tuple((type(sent).__name__, number((getattr(sent, "handoff_id", None),))) for _, sent, _ in letters))
        for pair, letters in sorted(board.post.items())
        if letters
    )
    return cases, letters, _office_form(board, number), _ages(board)


def _office_form(board: Chessboard, number: Callable[[Iterable[object]], Hashable]) -> Hashable:
    custody, current = board.office.custody, board.office.custody.current
    assert current is not None
    books = tuple(
        (
            tuple((one.came_by, number((one.handoff_id,))) for one in book.receipts),
            frozenset((one.rule_id, number((one.handoff_id,))) for one in book.duties.values() if one.is_open),
        )
        for _, book in sorted(board.office.books.items())
    )
    place = (current.kind, current.custodian, current.charged_to, board.office.has_ended(board.now))
    return place, frozenset(custody.parties), books


def _ages(board: Chessboard) -> Hashable:
    """Whether a month has passed since what a window runs from."""
    times = [
        time
        for agency in board.agencies.values()
        if (case := agency.case)
        for time in (case.served_time, case.accepted_time, case.review and case.review.served_time)
    ]
    return tuple(time and board.now - time >= MONTH for time in times)


def _case_form(agency: Agency) -> tuple[Hashable, tuple[UUID, ...]]:
    """The case without its times and ids, and its ids in order; worked out once for each case that ever was."""
    case = agency.case
    known = _FORMS.get(id(case))
    if known is None or known[0] is not case:
        ids: list[UUID] = []
        known = _FORMS[id(case)] = (case, (_form(case, ids), tuple(ids)))
    return known[1]


def _form(value: object, ids: list[UUID]) -> Hashable:
    if isinstance(value, UUID):
        ids.append(value)
        return None
    if isinstance(value, date | Value):
        return True
    if isinstance(value, tuple):
        return tuple(_form(one, ids) for one in value)
    if is_dataclass(value):
        return tuple(_form(getattr(value, name), ids) for name in _names(type(value)))
    return value


def _names(kind: type) -> tuple[str, ...]:
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(one.name for one in fields(kind) if one.name not in _FORGOTTEN)
    return _FIELDS[kind]
