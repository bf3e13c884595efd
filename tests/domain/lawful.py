"""What holds of a petition in every state, whatever happened: the invariants I1, I2, I3 and I6, on a chessboard."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise

from domain.case import Phase
from domain.custody import PETITIONER, SegmentKind
from domain.duties import Status
from domain.rules import Nature
from tests.domain.chessboard import EAST, NORTH, OFFICE, SHUNNED, SHUNNED_BRANCH, SHUNNED_HEIR, SOUTH, Chessboard

PROTECTED: Mapping[str, frozenset[str]] = {
    SHUNNED: frozenset({SHUNNED, SHUNNED_BRANCH, SHUNNED_HEIR}),
    NORTH: frozenset({NORTH, EAST, SOUTH, SHUNNED, SHUNNED_BRANCH, SHUNNED_HEIR}),
    EAST: frozenset({EAST, SOUTH}),
    SOUTH: frozenset({SOUTH}),
    OFFICE: frozenset({OFFICE}),
}
"""For each agency that an accusation may name, whom it must never reach: itself, those under it, its successor."""

BARE_WORD = "AssistanceWithdrawn"
"""It tells the accused that its help is needed no more, and nothing else."""


def one_custodian(board: Chessboard) -> None:
    """I1: somebody of those who play answers for the petition, and only one."""
    custody = board.office.custody
    assert custody.current is not None
    assert custody.current.custodian in board.agencies
    lasting = [part for part in custody.segments if part.to_time is None]
    assert len(lasting) == (0 if custody.ended_time else 1)


def seconds_add_up(board: Chessboard, now: datetime) -> None:
    """I2: every second since the first receipt is charged to one account."""
    segments = board.office.custody.segments
    assert segments[0].from_time == board.office.first_received_time
    for earlier, later in pairwise(segments):
        assert earlier.to_time == later.from_time
    latest = max(now, segments[-1].from_time)
    ends = [segment.to_time or latest for segment in segments]
    lengths = [end - segment.from_time for end, segment in zip(ends, segments, strict=True)]
    assert min(lengths) >= timedelta(0)
    assert sum(lengths, timedelta()) == ends[-1] - segments[0].from_time
    assert {segment.charged_to for segment in segments} <= {*board.agencies, PETITIONER}


def somebody_owes(board: Chessboard, now: datetime) -> None:
    """I3: an open petition has an open duty, or the petitioner has the word."""
    owed = any(
        duty.nature == Nature.DUTY and duty.status(now) in (Status.OPEN, Status.BREACHED)
        for duty in board.office.duties
    )
    current = board.office.custody.current
    is_asked = current is not None and current.kind is SegmentKind.PETITIONER_WINDOW
    assert owed or is_asked or board.office.has_ended(now), "nobody owes anything on an open petition"


def nothing_reached_the_accused(board: Chessboard) -> None:
    """I6: no fact about an accusation was ever addressed to whom it must not reach, nor stands in its file."""
    for name, type_name, to_agency, accused in board.addressed:
        if accused and type_name != BARE_WORD:
            assert not any(to_agency in PROTECTED[one] for one in accused), f"{name} sent {type_name} to {to_agency}"


def is_over(board: Chessboard) -> bool:
    """Whether the petition's road is over and no fact is on its way."""
    return board.office.has_ended(board.now)


def phases(board: Chessboard) -> frozenset[Phase]:
    """Where the agencies' cases stand."""
    return frozenset(agency.case.phase for agency in board.agencies.values() if agency.case)
