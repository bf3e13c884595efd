"""Not accepted (不予受理, 不再受理): what repeats a live matter, ended after re-review, or is for another organ.

Arts. 19(3), 23, 36(3) and 44(2)-(3). The petitioner is told why and where to go; nothing is declined automatically.
"""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from domain.case.agreement import open_step
from domain.case.chapter import Chapter, Decider, Moment, frame
from domain.case.destination import JURISDICTION_DECIDED, ORGANS, SUCCESSION_STANDS, has_ruling
from domain.case.state import Case, Phase
from domain.event import Command, Decision, Event, Refusal, Sealed
from domain.vocabulary import HandoffKind, Organ, Provenance, RefusalReason

# --- events -----------------------------------------------------------------------------------------------------------


class NotAccepted(Event):
    """The matter was not accepted, and the petitioner was told in writing why.

    `related_petition_id` is the live matter that it repeats, Art. 19(3), or the one that ended, Art. 36(3);
    `directed_to` is where the petitioner was told to go, Art. 23(1).
    """

    type_name: ClassVar[str] = "lianxi.case.v1.NotAccepted"
    reason: RefusalReason
    explanation: Sealed
    related_petition_id: UUID | None = None
    directed_to: Organ | None = None


# --- commands ---------------------------------------------------------------------------------------------------------


class DeclinePetition(Command):
    """Do not accept the matter, with the reason that the petitioner is told.

    A repeated matter names the live one, Art. 19(3); one that ended after re-review names it and states that facts and
    reasons are both the same, Art. 36(3); one outside the agency's powers says where the petitioner was directed.
    """

    reason: RefusalReason
    explanation: Sealed
    related_petition_id: UUID | None = None
    same_facts: bool = False
    same_reasons: bool = False
    directed_to: Organ | None = None

    @property
    def other_petition_id(self) -> UUID | None:
        return self.related_petition_id


# --- decide -----------------------------------------------------------------------------------------------------------


def _decline(case: Case, command: DeclinePetition, time: datetime, moment: Moment) -> Decision:
    if problem := open_step(case) or _handed_here_problem(case, command, moment):
        return problem
    problem_of = _DECLINE_PROBLEMS.get(command.reason)
    if problem_of and (problem := problem_of(command, moment.related)):
        return problem
    fields = command.model_dump(include={"reason", "related_petition_id", "directed_to"})
    return (NotAccepted(**frame(case, command, time), **fields, explanation=command.explanation),)


def _handed_here_problem(case: Case, command: DeclinePetition, moment: Moment) -> Refusal | None:
    """Only who was addressed directly sends the petitioner elsewhere; who was handed the matter says so to the sender.

    The sender verifies, Art. 23(3), so that nobody is turned away between the two. Organs follow rules of their own,
    Art. 23(4), and the Regulations of 2005 know no objection.
    """
    is_asked = command.reason is RefusalReason.OUTSIDE_POWERS and command.provenance is Provenance.RECORDED
    if not is_asked or case.incoming is None or case.agency_kind in ORGANS:
        return None
    if has_ruling(case):
        return JURISDICTION_DECIDED
    if case.incoming.kind is HandoffKind.SUCCESSION:
        return SUCCESSION_STANDS
    return OBJECTION_INSTEAD if moment.law.rule("D5", case.first_received_time) else None


OBJECTION_INSTEAD = Refusal(
    "OBJECTION_INSTEAD",
    "what was handed to this agency and is not within its powers goes back to the sender, who verifies it",
    "转送、交办的信访事项不属于本机关、单位职权范围的,应当提出异议,经核实同意后交还,不得径行不予受理",
    "Art. 23(3)",
    "reason",
    "raise an objection; a late one is recorded, too",
)


def _duplicate_problem(command: DeclinePetition, other: Case | None) -> Refusal | None:
    if command.related_petition_id is not None and (other is None or other.phase not in _OVER):
        return None
    return Refusal(
        "NO_LIVE_MATTER",
        "a repetition is declined only while the same matter is accepted or being handled, and names it",
        "同一信访事项已经受理或者正在办理的,方可不予受理,并应当注明该事项",
        "Art. 19(3)",
        "related_petition_id",
        "name the live petition, or take this one in",
    )


def _ended_problem(command: DeclinePetition, other: Case | None) -> Refusal | None:
    is_same = command.same_facts and command.same_reasons
    if command.related_petition_id is not None and is_same and (other is None or other.phase in _PERHAPS_REREVIEWED):
        return None
    return Refusal(
        "NOT_THE_SAME_AFTER_REREVIEW",
        "no longer accepted is only what was re-reviewed and comes again with the same facts and the same reasons",
        "仅对复核意见不服、仍以同一事实和理由提出的,不再受理",
        "Art. 36(3)",
        "related_petition_id",
        "name the re-reviewed petition and state that facts and reasons are both the same; "
        "new facts or reasons make a new matter",
    )


def _directed_problem(command: DeclinePetition, _other: Case | None) -> Refusal | None:
    if command.directed_to is not None:
        return None
    return Refusal(
        "NOT_TOLD_WHERE",
        "whoever is turned to another organ is told which",
        "不属于本机关职权范围的,应当告知信访人向有权处理的机关、单位提出",
        "Art. 23(1)",
        "directed_to",
        "say where the petitioner was told to go",
    )


_OVER = frozenset({Phase.RETURNED, Phase.NOT_ACCEPTED, Phase.CONCLUDED, Phase.SETTLED, Phase.SERVED, Phase.ENDED})
_PERHAPS_REREVIEWED = frozenset({Phase.HANDED_OFF, Phase.SERVED, Phase.UNDER_REVIEW, Phase.REVIEW_SERVED, Phase.ENDED})
"""Where a petition stands at an agency that may not have learnt of its re-review, which another agency made."""

_DECLINE_PROBLEMS = {
    RefusalReason.DUPLICATE_OF_LIVE: _duplicate_problem,
    RefusalReason.ENDED_AFTER_REREVIEW: _ended_problem,
    RefusalReason.OUTSIDE_POWERS: _directed_problem,
    RefusalReason.OTHER_LEGAL_PROCEDURE: _directed_problem,
}

CHAPTER = Chapter(
    evolve={NotAccepted: lambda *_: {"phase": Phase.NOT_ACCEPTED}},
    decide={DeclinePetition: Decider(frozenset({Phase.OPEN}), _decline)},
)
