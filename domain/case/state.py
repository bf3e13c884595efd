"""The state of a case: what an agency's file on one petition amounts to once its facts are folded.

Each chapter of the Regulations has a module of its own beside this one; what they all read stands here. Nothing here
decides anything.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from uuid import UUID, uuid5

from pydantic import StringConstraints

from domain.calendar import civil_date
from domain.event import Sealed, Value
from domain.rules import IN_FORCE_2022
from domain.vocabulary import (
    Adoption,
    AgencyKind,
    Category,
    Channel,
    HandoffKind,
    MediationKind,
    Outcome,
    ReviewResult,
    ReviewStage,
    Route,
    Urgency,
    UrgentRecipient,
    Word,
)

CASE_NAMESPACE = UUID("6e1f4c5e-2d0b-5a55-9d2c-7f0d3c1b9a10")

TopicCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z.-]{1,20}$")]
RecordId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,39}:[1-9][0-9]*$")]


def case_id_of(petition_id: UUID, agency: str) -> UUID:
    """The id of the agency's case on the petition: the same wherever it is worked out."""
    return uuid5(CASE_NAMESPACE, f"{petition_id}/{agency}")


class Materials(Value):
    """What a hand-off carries: who petitions and what about, each sealed with the petition's key."""

    petitioner: Sealed | None = None
    content: Sealed | None = None


NO_MATERIALS = Materials()


class Phase(Word):
    """Where the case stands, as its own agency sees it."""

    OPEN = "open", "待受理"
    HANDED_OFF = "handed_off", "已转出"
    OBJECTED = "objected", "已提异议"
    RETURNED = "returned", "已退回"
    CONSULTED = "consulted", "协商中"
    ASSISTING = "assisting", "协助办理"
    ACCEPTED = "accepted", "办理中"
    NOT_ACCEPTED = "not_accepted", "不予受理"
    DIVERTED = "diverted", "已导入其他程序"
    CONCLUDED = "concluded", "已办结"
    SETTLED = "settled", "已达成协议"
    OPINION_ISSUED = "opinion_issued", "已出具意见"
    SERVED = "served", "已送达"
    UNDER_REVIEW = "under_review", "复查(复核)中"
    REVIEWING = "reviewing", "办理复查(复核)"
    REVIEW_DECLINED = "review_declined", "复查(复核)未受理"
    REVIEW_ISSUED = "review_issued", "已出具复查(复核)意见"
    REVIEW_SERVED = "review_served", "复查意见已送达"
    ENDED = "ended", "终结"
    INFORMED = "informed", "已获通报"


HOLDING = frozenset({Phase.OPEN, Phase.OBJECTED, Phase.ACCEPTED, Phase.OPINION_ISSUED, Phase.SERVED})
"""The phases in which the agency works on the petition itself."""

NOT_HELD = frozenset(
    {Phase.RETURNED, Phase.REVIEWING, Phase.REVIEW_ISSUED, Phase.REVIEW_SERVED, Phase.REVIEW_DECLINED, Phase.ENDED}
)
"""The phases in which the agency has no handling of its own to come back to."""

FINISHED = frozenset({Phase.SERVED, Phase.NOT_ACCEPTED, Phase.CONCLUDED, Phase.SETTLED, Phase.UNDER_REVIEW})
"""The phases in which the agency's own handling has come to a result."""


REVIEWS = frozenset({Phase.REVIEWING, Phase.REVIEW_DECLINED, Phase.REVIEW_ISSUED, Phase.REVIEW_SERVED, Phase.ENDED})
"""The phases of an agency that was asked for a review; what it owed on the petition before, it owes still."""

LASTING = (
    "consultations",
    "assistants",
    "assistances",
    "urgency",
    "urgent_reports",
    "urgent_acknowledged",
    "recusals_asked",
    "recused",
)
"""What an agency is asked, owes or decided on a petition whichever way it comes to it."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A hand-off as one side of it knows it; by a ruling a common superior or office decided, Art. 24(1)."""

    handoff_id: UUID
    kind: HandoffKind
    other_agency: str
    report_due_date: date | None = None
    objection_open: bool = False
    reported: bool = False
    is_ruling: bool = False


@dataclass(frozen=True, slots=True)
class Holding:
    """How the agency held a petition that it handed on and that came round to it again; it may still come back here."""

    phase: Phase
    received_time: datetime
    incoming: Offer | None
    outgoing: Offer | None


@dataclass(frozen=True, slots=True)
class Joint:
    """A negotiation over who handles the matter, Art. 24(1), as its proposer or one of those asked knows it.

    `answers` holds what each agency answered so far, only at the proposer.
    """

    joint_id: UUID
    proposer: str
    lead: str
    assisting: tuple[str, ...]
    answers: tuple[tuple[str, bool], ...] = ()
    is_agreed: bool = False

    @property
    def asked(self) -> tuple[str, ...]:
        """The agencies whose answer the proposer needs."""
        return tuple(one for one in dict.fromkeys((self.lead, *self.assisting)) if one != self.proposer)


@dataclass(frozen=True, slots=True)
class Assistance:
    """Help that a lead agency asked another agency for, as one of the two knows it, until it ends."""

    assistance_id: UUID
    other_agency: str
    report_due_date: date | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """A review or re-review that this agency conducts: whose opinion, and what the file says of it, Arts. 35 and 36.

    `outcome`, `opinion_time` and `served_time` are those of the reviewed opinion; it was served only if there is proof.
    `reviewed_time` is when the opinion of the same agency was issued that this one reviewed before.
    """

    stage: ReviewStage
    of_agency: str
    handler: str
    requested_time: datetime
    outcome: Outcome | None = None
    opinion_time: datetime | None = None
    served_time: datetime | None = None
    has_file: bool = False
    result: ReviewResult | None = None
    reviewed_time: datetime | None = None

    @property
    def stands(self) -> bool:
        """Tell whether this agency gave an opinion that a re-review can be asked of; a revoked one is handled anew."""
        return self.result in (ReviewResult.UPHOLD, ReviewResult.CHANGE)

    @property
    def is_repeated(self) -> bool:
        """Tell whether the file shows an opinion that this agency has reviewed before."""
        if self.reviewed_time is None or self.opinion_time is None:
            return False
        return self.opinion_time <= self.reviewed_time


@dataclass(frozen=True, slots=True)
class Case:
    """The folded state of one case; `earlier` are the agency's former holdings that are not settled, oldest first.

    `joint` is the agency's own proposal, `consultations` are those of others that wait for its answer; `assistants` are
    those it asked for help, `assistances` is the help that others wait for. `is_redone`: a served opinion was revoked,
    and the law gives no period for handling anew.
    """

    petition_id: UUID
    agency: str
    agency_kind: AgencyKind
    first_received_time: datetime
    received_time: datetime
    phase: Phase = Phase.OPEN
    channel: Channel | None = None
    category: Category | None = None
    route: Route | None = None
    accused_agencies: tuple[str, ...] = ()
    materials: Materials = NO_MATERIALS
    is_repeat: bool = False
    is_collective: bool = False
    is_simplified: bool = False
    incoming: Offer | None = None
    outgoing: Offer | None = None
    joint: Joint | None = None
    consultations: tuple[Joint, ...] = ()
    assistants: tuple[Assistance, ...] = ()
    assistances: tuple[Assistance, ...] = ()
    accepted_time: datetime | None = None
    extended_days: int = 0
    is_redone: bool = False
    hearing_opened_time: datetime | None = None
    mediation: MediationKind | None = None
    agreement_reached: bool = False
    is_studied: bool = False
    adoption: Adoption | None = None
    outcome: Outcome | None = None
    opinion_time: datetime | None = None
    served_time: datetime | None = None
    awaits_execution: bool = False
    review: Review | None = None
    reviewer: str | None = None
    urgency: Urgency | None = None
    urgent_reports: frozenset[UrgentRecipient] = frozenset()
    urgent_acknowledged: frozenset[UrgentRecipient] = frozenset()
    recusals_asked: frozenset[str] = frozenset()
    recused: frozenset[str] = frozenset()
    earlier: tuple[Holding, ...] = ()
    causes: frozenset[str] = frozenset()
    version: int = 0

    @property
    def case_id(self) -> UUID:
        """The id of this case."""
        return case_id_of(self.petition_id, self.agency)

    @property
    def has_routes(self) -> bool:
        """Tell whether the Regulations of 2022 govern the matter; those of 2005 know no routes like Art. 31."""
        return civil_date(self.first_received_time) >= IN_FORCE_2022

    @property
    def is_on_petition_procedure(self) -> bool:
        """Tell whether the matter is handled as Art. 31(6) says, or under the Regulations of 2005."""
        return self.route is Route.PETITION_PROCEDURE or not self.has_routes

    @property
    def awaits_file(self) -> bool:
        """Tell whether a review runs here and the file, with which the petition's key comes, is not there yet."""
        return self.review is not None and not self.review.has_file

    @property
    def holdings(self) -> tuple[Holding, ...]:
        """All unsettled holdings, the present one last; what was returned is over, and a review holds nothing."""
        if self.phase in NOT_HELD:
            return self.earlier
        return (*self.earlier, Holding(self.phase, self.received_time, self.incoming, self.outgoing))
