"""Joint handling, Art. 24(1): the agencies that a matter involves agree among themselves which of them takes it in.

The holder proposes a lead and who assists; each agency asked answers; once all agree, the holder puts the agreement on
record and hands the petition to the lead, or keeps it. Where they do not agree, it goes as a dispute to their common
superior: that is a hand-off (`routing`). A negotiation moves no custody.
"""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import Field

from domain.case.bystanding import Shared, SharedWith, shared, shown, stand_by
from domain.case.chapter import (
    NOT_CLASSIFIED,
    REACHES_ACCUSED,
    Arrival,
    Chapter,
    Decider,
    Moment,
    Reception,
    frame,
    reaches_accused,
)
from domain.case.state import Case, Joint, Phase, RecordId
from domain.event import AgencyId, Command, Decision, Event, Refusal, Sealed

Assisting = Annotated[tuple[AgencyId, ...], Field(max_length=20)]

# --- events -----------------------------------------------------------------------------------------------------------


class JointHandlingProposed(Shared):
    """The holder asked one involved agency whether it agrees to who shall lead and who shall assist, Art. 24(1)."""

    type_name: ClassVar[str] = "lianxi.case.v1.JointHandlingProposed"
    joint_id: UUID
    to_agency: AgencyId
    lead: AgencyId
    assisting: Assisting


class JointHandlingProposalReceived(SharedWith):
    """The proposal arrived at an agency that the matter involves, Art. 24(1)."""

    type_name: ClassVar[str] = "lianxi.case.v1.JointHandlingProposalReceived"
    joint_id: UUID
    lead: AgencyId
    assisting: Assisting
    cause: RecordId


class JointHandlingAnswered(Event):
    """An agency that was asked agreed to the proposal, or did not, Art. 24(1)."""

    type_name: ClassVar[str] = "lianxi.case.v1.JointHandlingAnswered"
    joint_id: UUID
    to_agency: AgencyId
    agreed: bool
    explanation: Sealed | None = None


class JointHandlingAnswerReceived(Event):
    """The answer arrived at the proposer, Art. 24(1)."""

    type_name: ClassVar[str] = "lianxi.case.v1.JointHandlingAnswerReceived"
    joint_id: UUID
    from_agency: AgencyId
    agreed: bool
    explanation: Sealed | None = None
    cause: RecordId


class JointHandlingAgreed(Event):
    """All agencies that the matter involves agreed on who takes it in, Art. 24(1)."""

    type_name: ClassVar[str] = "lianxi.case.v1.JointHandlingAgreed"
    joint_id: UUID
    lead: AgencyId
    assisting: Assisting


# --- evolve -----------------------------------------------------------------------------------------------------------


def _proposed(_case: Case, event: JointHandlingProposed) -> dict[str, Any]:
    # One proposal is one fact for each agency asked; all of them say the same of lead and assistants.
    return {"joint": Joint(event.joint_id, event.agency, event.lead, event.assisting)}


def _consulted(case: Case | None, event: JointHandlingProposalReceived) -> Case:
    asked = Joint(event.joint_id, event.from_agency, event.lead, event.assisting)
    known = stand_by(case, event, Phase.CONSULTED)
    return replace(known, consultations=(*known.consultations, asked))


def _answered(case: Case, event: JointHandlingAnswered) -> dict[str, Any]:
    return {"consultations": tuple(one for one in case.consultations if one.joint_id != event.joint_id)}


def _heard(case: Case, event: JointHandlingAnswerReceived) -> dict[str, Any]:
    joint = case.joint
    # An answer to a proposal that was replaced meanwhile, or from somebody who was not asked, counts for nothing.
    if joint is None or joint.joint_id != event.joint_id or event.from_agency not in joint.asked:
        return {}
    return {"joint": replace(joint, answers=(*joint.answers, (event.from_agency, event.agreed)))}


def _agreed(case: Case, _event: JointHandlingAgreed) -> dict[str, Any]:
    assert case.joint is not None
    return {"joint": replace(case.joint, is_agreed=True)}


# --- commands ---------------------------------------------------------------------------------------------------------


class ProposeJointHandling(Command):
    """Ask the involved agencies whether `lead` shall take the matter in, with help from those `assisting`, Art. 24(1).

    The proposer may be one of them. A new proposal replaces an earlier one.
    """

    joint_id: UUID
    lead: AgencyId
    assisting: Assisting = ()


class AnswerJointHandling(Command):
    """Answer another agency's proposal, Art. 24(1)."""

    joint_id: UUID
    agreed: bool
    explanation: Sealed | None = None


class AgreeJointHandling(Command):
    """Put on record that every agency asked has agreed, Art. 24(1)."""


# --- decide -----------------------------------------------------------------------------------------------------------


def _propose(case: Case, command: ProposeJointHandling, time: datetime, moment: Moment) -> Decision:
    if case.category is None:
        return NOT_CLASSIFIED
    asked = Joint(command.joint_id, case.agency, command.lead, command.assisting).asked
    if not asked:
        return Refusal(
            "NOBODY_TO_NEGOTIATE_WITH",
            "a matter is negotiated with at least one other agency that it involves",
            "应当与所涉及的其他机关、单位协商受理",
            "Art. 24(1)",
            "lead",
            "name another agency as lead or as assisting, or accept the matter alone",
        )
    if any(reaches_accused(case, one, moment.agencies) for one in asked):
        return REACHES_ACCUSED
    terms = {"joint_id": command.joint_id, "lead": command.lead, "assisting": command.assisting, **shared(case)}
    return tuple(JointHandlingProposed(**frame(case, command, time), **terms, to_agency=one) for one in asked)


def _answer(case: Case, command: AnswerJointHandling, time: datetime, moment: Moment) -> Decision:
    joint = next((one for one in case.consultations if one.joint_id == command.joint_id), None)
    if joint is None:
        return Refusal(
            "NOT_CONSULTED",
            "no such proposal waits for this agency's answer",
            "没有待本机关答复的协商",
            "Art. 24(1)",
            "joint_id",
            "an answer stands; the proposer may propose anew",
        )
    if reaches_accused(case, joint.proposer, moment.agencies):
        return REACHES_ACCUSED
    return (
        JointHandlingAnswered(
            **frame(case, command, time),
            joint_id=joint.joint_id,
            to_agency=joint.proposer,
            agreed=command.agreed,
            explanation=command.explanation,
        ),
    )


def _agree(case: Case, command: AgreeJointHandling, time: datetime, _moment: Moment) -> Decision:
    joint = case.joint
    if joint is None or joint.is_agreed:
        return Refusal(
            "NO_NEGOTIATION",
            "no proposal of this agency waits for agreement",
            "没有待达成一致的协商",
            "Art. 24(1)",
            remedy="propose joint handling first",
        )
    if any(not agreed for _, agreed in joint.answers):
        return Refusal(
            "NEGOTIATION_FAILED",
            "an agency that was asked does not agree",
            "协商未达成一致",
            "Art. 24(1)",
            remedy="propose anew, or hand the petition off as a dispute to the common superior",
        )
    if missing := sorted(set(joint.asked) - {agency for agency, _ in joint.answers}):
        return Refusal(
            "NEGOTIATION_OPEN",
            f"not everybody has answered: {', '.join(missing)}",
            f"尚有机关、单位未答复:{', '.join(missing)}",
            "Art. 24(1)",
            remedy="wait for the answers, or hand the petition off as a dispute to the common superior",
        )
    return (
        JointHandlingAgreed(
            **frame(case, command, time), joint_id=joint.joint_id, lead=joint.lead, assisting=joint.assisting
        ),
    )


# --- receive ----------------------------------------------------------------------------------------------------------


def _be_consulted(sent: JointHandlingProposed, frame: dict[str, Any], arrival: Arrival, _case: Case | None) -> Event:
    return JointHandlingProposalReceived(
        **frame,
        **shown(sent, arrival.agency_kind),
        joint_id=sent.joint_id,
        lead=sent.lead,
        assisting=sent.assisting,
    )


def _hear(sent: JointHandlingAnswered, frame: dict[str, Any], *_: Any) -> Event:
    return JointHandlingAnswerReceived(
        **frame, joint_id=sent.joint_id, from_agency=sent.agency, agreed=sent.agreed, explanation=sent.explanation
    )


CHAPTER = Chapter(
    begin={JointHandlingProposalReceived: _consulted},
    evolve={
        JointHandlingProposed: _proposed,
        JointHandlingAnswered: _answered,
        JointHandlingAnswerReceived: _heard,
        JointHandlingAgreed: _agreed,
    },
    decide={
        ProposeJointHandling: Decider(frozenset({Phase.OPEN}), _propose),
        AnswerJointHandling: Decider(frozenset(Phase), _answer),
        AgreeJointHandling: Decider(frozenset({Phase.OPEN}), _agree),
    },
    receive={
        JointHandlingProposed: Reception(_be_consulted, opens=True),
        JointHandlingAnswered: Reception(_hear),
    },
)
