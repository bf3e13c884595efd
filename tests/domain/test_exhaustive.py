"""Every order of up to seven commands on one petition among three agencies, chapter by chapter (I1, I2, I3, I6).

North stands above east, and east above south; who registers first differs by chapter. Each chapter of the Regulations
is searched seven commands deep from where it begins; all commands together, with the words that lead to different
states, are searched from a petition that was just registered, as deep as the time of a test allows: that depth
stands in `CHAPTERS`. It looks for a moment without a custodian, for an open petition on which nobody owes anything, for
an accusation before the accused, for a state without a way on, and for one that the Regulations do not know.
"""

from functools import cache

import pytest

from domain.case import COMMANDS, Phase, RegisterPetition
from tests.domain.chapters import CHAPTERS, EVERYTHING, NOTES
from tests.domain.chessboard import Chessboard
from tests.domain.diagrams import PAGES, page
from tests.domain.lawful import (
    is_over,
    nothing_reached_the_accused,
    one_custodian,
    phases,
    seconds_add_up,
    somebody_owes,
)
from tests.domain.player import MOVES
from tests.domain.search import Chapter, Found, search

STATES: dict[str, frozenset[Phase]] = {
    "RECEIVED": frozenset({Phase.OPEN}),
    "REGISTERED": frozenset({Phase.OPEN}),
    "DUPLICATE_OF_LIVE": frozenset({Phase.NOT_ACCEPTED}),
    "ENDED_BEFORE": frozenset({Phase.NOT_ACCEPTED}),
    "ESCALATED_TO_LEADERS": frozenset({Phase.OPEN, Phase.ACCEPTED, Phase.INFORMED}),
    "TRANSFERRED": frozenset({Phase.HANDED_OFF, Phase.OPEN}),
    "ASSIGNED": frozenset({Phase.HANDED_OFF, Phase.OPEN}),
    "REFERRED_OUT": frozenset({Phase.HANDED_OFF, Phase.NOT_ACCEPTED}),
    "OBJECTED": frozenset({Phase.OBJECTED}),
    "RETURNED": frozenset({Phase.RETURNED, Phase.OPEN}),
    "OBJECTION_DENIED": frozenset({Phase.OPEN}),
    "NEGOTIATING": frozenset({Phase.OPEN, Phase.CONSULTED}),
    "JOINTLY_AGREED": frozenset({Phase.OPEN, Phase.CONSULTED, Phase.ASSISTING}),
    "COMMON_SUPERIOR_DECIDED": frozenset({Phase.HANDED_OFF, Phase.OPEN}),
    "JOINT_MEETING_COORDINATED": frozenset({Phase.HANDED_OFF, Phase.OPEN}),
    "NOTIFIED": frozenset({Phase.OPEN, Phase.ACCEPTED}),
    "ACCEPTED": frozenset({Phase.ACCEPTED}),
    "NOT_ACCEPTED": frozenset({Phase.NOT_ACCEPTED}),
    "DIVERTED": frozenset({Phase.DIVERTED, Phase.CONCLUDED}),
    "HANDLING": frozenset({Phase.ACCEPTED}),
    "EXTENDED": frozenset({Phase.ACCEPTED}),
    "SETTLED": frozenset({Phase.SETTLED}),
    "OPINION_ISSUED": frozenset({Phase.OPINION_ISSUED}),
    "SERVED": frozenset({Phase.SERVED}),
    "REVIEW_REQUESTED": frozenset({Phase.REVIEWING, Phase.UNDER_REVIEW}),
    "REVIEW_OPINION": frozenset({Phase.REVIEW_ISSUED}),
    "SERVED2": frozenset({Phase.REVIEW_SERVED}),
    "REREVIEW_REQUESTED": frozenset({Phase.REVIEWING, Phase.UNDER_REVIEW}),
    "HEARING_STARTED..ENDED": frozenset({Phase.ACCEPTED, Phase.REVIEWING}),
    "REREVIEW_OPINION": frozenset({Phase.REVIEW_ISSUED}),
    "ENDED": frozenset({Phase.ENDED}),
    "WINDOW_LAPSED": frozenset({Phase.SERVED, Phase.REVIEW_SERVED, Phase.REVIEW_DECLINED}),
    "EXECUTION_PENDING": frozenset({Phase.OPINION_ISSUED, Phase.SERVED, Phase.UNDER_REVIEW}),
    "EXECUTED": frozenset({Phase.SERVED, Phase.UNDER_REVIEW}),
    "EXECUTION_REFUSED": frozenset({Phase.SERVED, Phase.UNDER_REVIEW}),
    "STUDIED": frozenset({Phase.ACCEPTED}),
    "ADOPTED": frozenset({Phase.ACCEPTED}),
    "PARTLY_ADOPTED": frozenset({Phase.ACCEPTED}),
    "NOT_ADOPTED": frozenset({Phase.CONCLUDED}),
    "REPLIED": frozenset({Phase.CONCLUDED}),
}
"""The states that the road of a petition has under the Regulations, and where a case stands in each."""

NAMED = frozenset().union(*STATES.values())


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.title)
def test_every_state_is_lawful(chapter: Chapter, capsys: pytest.CaptureFixture[str]) -> None:
    came_to = found(chapter)
    with capsys.disabled():
        print(f" {came_to.states} states, {came_to.transitions} transitions ", end="")  # noqa: T201


def test_every_state_of_the_regulations_is_reached_and_no_other() -> None:
    reached = {after for chapter in CHAPTERS for _, _, after in found(chapter).steps}
    assert reached == NAMED == set(Phase)


@pytest.mark.parametrize("language", PAGES)
def test_the_state_diagrams_show_what_was_found(language: str) -> None:
    drawn = page(language, {chapter.title: found(chapter).steps for chapter in CHAPTERS})
    assert PAGES[language].read_text(encoding="utf-8") == drawn, "run make pages"


def test_every_command_is_played() -> None:
    assert set(MOVES) == COMMANDS - {RegisterPetition}


@cache
def found(chapter: Chapter) -> Found:
    """What the search of a chapter comes to; it fails in the first state that is not lawful."""
    return search(chapter, lambda board: check(board, chapter))


def check(board: Chessboard, chapter: Chapter) -> None:
    """What holds in every state."""
    try:
        one_custodian(board)
        seconds_add_up(board, board.now)
        somebody_owes(board, board.now)
        nothing_reached_the_accused(board)
        assert phases(board) <= NAMED
        assert is_over(board) or board.waiting() or any(board.possible(EVERYTHING - NOTES, chapter.each)), "a dead end"
    except AssertionError as unlawful:
        history = "\n".join(f"  {happening.event!r:.160}" for happening in board.bus)
        raise AssertionError(f"{unlawful}\n{history}") from unlawful
