"""Intake: a petition is taken in, entered, given its category, linked to others, or not accepted.

Arts. 17, 19, 20(3), 22(1), 23(1), 29-31 and 36(3). Nobody is turned away by software: what the law limits is refused
as an entry, with the way to enter it rightly; the petition itself is taken in.
"""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from domain.calendar import civil_date
from domain.case.agreement import open_step
from domain.case.chapter import REACHES_ACCUSED, Chapter, Decider, Moment, before, frame
from domain.case.state import HOLDING, Case, Materials, Phase, TopicCode
from domain.event import AgencyId, Command, Decision, Event, Reference, Refusal, Sealed
from domain.rules import IN_FORCE_2005
from domain.vocabulary import AgencyKind, Category, Channel, LinkKind, Organ, RefusalReason

REPRESENTATIVES_MAX = 5
PETITIONERS_MAX = 1_000_000

# --- events -----------------------------------------------------------------------------------------------------------


class Registered(Event):
    """A petition was taken in and entered, Art. 22(1) or 23(1); `received_time`, its first receipt, never changes.

    `is_oral`: it was told and truthfully written down, Art. 19(1). The counts are of a joint petition; `is_collective`
    says that it reached the threshold that the office set. `split_from` is the petition that the same submission began
    with: each matter in it is a petition of its own, with the same first receipt.
    """

    type_name: ClassVar[str] = "lianxi.case.v1.Registered"
    agency_kind: AgencyKind
    channel: Channel
    received_time: AwareDatetime
    reply_address_known: bool = True
    external_reference: Reference | None = None
    materials: Materials = Materials()
    is_oral: bool = False
    petitioner_count: int | None = None
    representative_count: int | None = None
    is_collective: bool = False
    split_from: UUID | None = None


class Classified(Event):
    """The matter was given its category, Arts. 29-31, and perhaps a topic; an accusation names the accused units."""

    type_name: ClassVar[str] = "lianxi.case.v1.Classified"
    category: Category
    topic_code: TopicCode | None = None
    accused_agencies: tuple[AgencyId, ...] = ()


class Linked(Event):
    """The petition was linked to another: to matters, never to a person, so that no list of petitioners arises."""

    type_name: ClassVar[str] = "lianxi.case.v1.Linked"
    link: LinkKind
    to_petition_id: UUID


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


# --- evolve -----------------------------------------------------------------------------------------------------------


def _registered(_case: Case | None, event: Registered) -> Case:
    return Case(
        event.petition_id,
        event.agency,
        event.agency_kind,
        first_received_time=event.received_time,
        received_time=event.received_time,
        channel=event.channel,
        materials=event.materials,
        is_collective=event.is_collective,
    )


# --- commands ---------------------------------------------------------------------------------------------------------


class RegisterPetition(Command):
    """Take a petition in. `agency_kind` comes from the directory, never from the caller.

    `split_from` names an earlier petition of this agency whose submission held this matter too; the first receipt is
    then that petition's.
    """

    petition_id: UUID
    agency: AgencyId
    agency_kind: AgencyKind
    channel: Channel
    received_time: AwareDatetime | None = None
    reply_address_known: bool = True
    external_reference: Reference | None = None
    materials: Materials = Materials()
    is_oral: bool = False
    petitioner_count: Annotated[int, Field(ge=1, le=PETITIONERS_MAX)] | None = None
    representative_count: Annotated[int, Field(ge=1)] | None = None
    split_from: UUID | None = None

    @property
    def other_petition_id(self) -> UUID | None:
        return self.split_from


class ClassifyPetition(Command):
    """Give the matter its category, Arts. 29-31."""

    category: Category
    topic_code: TopicCode | None = None
    accused_agencies: tuple[AgencyId, ...] = ()


class LinkPetition(Command):
    """Link the petition to an earlier one: a repetition, or a matter that belongs to it."""

    link: LinkKind
    to_petition_id: UUID


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


def _register(case: Case | None, command: RegisterPetition, time: datetime, moment: Moment) -> Decision:
    if case is not None:
        return Refusal(
            "ALREADY_REGISTERED",
            "this petition is already on file at this agency",
            "本机关已登记该信访事项",
            "Art. 22(1)",
            "petition_id",
            "use a new petition id for a new matter",
        )
    if problem := _joint_visit_problem(command) or _split_problem(command, moment.related):
        return problem
    received_time = moment.related.first_received_time if moment.related else command.received_time or time
    if received_time > time:
        return before("occurred_time", "receipt", "收到之日")
    if civil_date(received_time) < IN_FORCE_2005:
        return Refusal(
            "RECEIVED_BEFORE_RULES",
            f"the duty table begins on {IN_FORCE_2005}: what was received before has no rule here",
            f"责任规则表自{IN_FORCE_2005}起适用,此前收到的事项不在其内",
            "2005 Regulations Art. 51",
            "received_time",
            "leave it out: no duty on it could be stated",
        )
    fields = command.model_dump(exclude={"occurred_time", "received_time", "materials"})
    return (
        Registered(
            **fields,
            occurred_time=time,
            received_time=received_time,
            materials=command.materials,
            is_collective=(command.petitioner_count or 1) >= moment.law.collective_from,
        ),
    )


def _joint_visit_problem(command: RegisterPetition) -> Refusal | None:
    representatives = command.representative_count
    if representatives is None:
        return None
    if command.channel is not Channel.VISIT or command.petitioner_count is None:
        return Refusal(
            "REPRESENTATIVES_WITHOUT_JOINT_VISIT",
            "representatives are chosen by several people who visit together",
            "仅多人走访提出共同信访事项的推选代表",
            "Art. 20(3)",
            "representative_count",
            "leave it out, or state the visit and how many petition together",
        )
    if representatives > min(REPRESENTATIVES_MAX, command.petitioner_count):
        return Refusal(
            "TOO_MANY_REPRESENTATIVES",
            f"a joint visit is represented by at most {REPRESENTATIVES_MAX} of those who petition",
            f"多人走访应当推选代表,代表人数不得超过{REPRESENTATIVES_MAX}人",
            "Art. 20(3)",
            "representative_count",
            "ask them to choose; until they have, register the petition without the number",
        )
    return None


def _split_problem(command: RegisterPetition, origin: Case | None) -> Refusal | None:
    if command.split_from is None:
        return None
    if origin is None:
        return Refusal(
            "SPLIT_FROM_UNKNOWN",
            "this agency has no petition to split this matter from",
            "本机关没有可供拆分的原信访事项",
            "Art. 22(1)",
            "split_from",
            "name the first petition of the same submission, at this agency",
        )
    if command.received_time not in (None, origin.first_received_time):
        return Refusal(
            "SPLIT_KEEPS_FIRST_RECEIPT",
            "a matter split from a submission was received with it",
            "拆分事项的收到时间以原件收到时间为准",
            "Art. 22(1)",
            "received_time",
            "leave the time out",
        )
    return None


def _classify(case: Case, command: ClassifyPetition, time: datetime, moment: Moment) -> Decision:
    if command.accused_agencies and command.category is not Category.ACCUSATION:
        return Refusal(
            "ACCUSED_WITHOUT_ACCUSATION",
            "only an accusation names accused agencies",
            "仅检举控告类事项可列明被检举单位",
            "Art. 30(1)",
            "accused_agencies",
        )
    if case.agency in command.accused_agencies or moment.agencies.reaches(command.accused_agencies, case.agency):
        return REACHES_ACCUSED
    if case.incoming and not set(case.accused_agencies) <= set(command.accused_agencies):
        return Refusal(
            "ACCUSED_REMOVED",
            "whoever was handed an accusation may name further accused agencies, but strike none out",
            "接收检举控告类事项的机关不得删减被检举单位",
            "Art. 30(3)",
            "accused_agencies",
            "object to the hand-off if the sender named the wrong agency",
        )
    fields = command.model_dump(exclude=set(Command.model_fields))
    return (Classified(**frame(case, command, time), **fields),)


def _link(case: Case, command: LinkPetition, time: datetime, _moment: Moment) -> Decision:
    if command.to_petition_id == case.petition_id:
        return Refusal(
            "LINK_TO_ITSELF",
            "a petition cannot be linked to itself",
            "信访事项不得关联自身",
            field="to_petition_id",
            remedy="name the other petition",
        )
    return (Linked(**frame(case, command, time), link=command.link, to_petition_id=command.to_petition_id),)


def _decline(case: Case, command: DeclinePetition, time: datetime, moment: Moment) -> Decision:
    if problem := open_step(case):
        return problem
    problem_of = _DECLINE_PROBLEMS.get(command.reason)
    if problem_of and (problem := problem_of(command, moment.related)):
        return problem
    fields = command.model_dump(include={"reason", "related_petition_id", "directed_to"})
    return (NotAccepted(**frame(case, command, time), **fields, explanation=command.explanation),)


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
    begin={Registered: _registered},
    evolve={
        Classified: lambda _, e: {"category": e.category, "accused_agencies": e.accused_agencies},
        Linked: lambda case, e: {"is_repeat": case.is_repeat or e.link is LinkKind.REPEAT},
        NotAccepted: lambda *_: {"phase": Phase.NOT_ACCEPTED},
    },
    decide={
        RegisterPetition: Decider(None, _register),
        ClassifyPetition: Decider(frozenset({Phase.OPEN}), _classify),
        LinkPetition: Decider(HOLDING | {Phase.HANDED_OFF}, _link),
        DeclinePetition: Decider(frozenset({Phase.OPEN}), _decline),
    },
)
