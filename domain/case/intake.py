"""Intake: a petition is taken in, entered, given its category, and linked to others.

Arts. 17, 19(1), 20(3), 22(1), 23(1) and 29-31. Nobody is turned away by software: what the law limits is refused
as an entry, with the way to enter it rightly; the petition itself is taken in.
"""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from domain.calendar import civil_date
from domain.case.chapter import Chapter, Decider, Moment, before, frame
from domain.case.state import HOLDING, Case, Materials, Phase, TopicCode
from domain.event import AgencyId, Command, Decision, Event, Reference, Refusal
from domain.rules import IN_FORCE_2005
from domain.vocabulary import AgencyKind, Category, Channel, LinkKind

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
        return Refusal(
            "ACCUSATION_REACHES_ACCUSED",
            "this agency is accused, or is under who is: it keeps nothing of the accusation",
            "本机关、单位系被检举对象或者其下属,不得接收、留存该检举控告",
            "Art. 30(3)",
            "accused_agencies",
            "decline the petition as outside_powers and direct the petitioner to the discipline organ, "
            "or to an agency above the accused",
        )
    if not set(case.accused_agencies) <= set(command.accused_agencies):
        # Otherwise a new label would be enough to hand an accusation to whom it accuses.
        return Refusal(
            "ACCUSED_REMOVED",
            "further accused agencies may be named, but none is struck out, and what accuses stays an accusation",
            "可以增列被检举单位,不得删减;检举控告类事项不得改列其他类别",
            "Art. 30(3)",
            "accused_agencies",
            "name all that were named before; if one was named wrongly, hand the petition to its superior",
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


CHAPTER = Chapter(
    begin={Registered: _registered},
    evolve={
        Classified: lambda _, e: {"category": e.category, "accused_agencies": e.accused_agencies},
        Linked: lambda case, e: {"is_repeat": case.is_repeat or e.link is LinkKind.REPEAT},
    },
    decide={
        RegisterPetition: Decider(None, _register),
        ClassifyPetition: Decider(frozenset({Phase.OPEN}), _classify),
        LinkPetition: Decider(HOLDING | {Phase.HANDED_OFF}, _link),
    },
)
