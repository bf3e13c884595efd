"""What an agency may think of doing: every command, with arguments that make sense where its case stands.

One line per command and no branches: whether the law allows it now is for the domain to say. The Hypothesis machine
and the exhaustive search both play by this table, so a new command is a new line here.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol, TypeVar
from uuid import UUID

from domain.case import (
    OPENING,
    AcceptPetition,
    AgreeJointHandling,
    AnswerJointHandling,
    BeginMediation,
    Case,
    ChooseSimplifiedHandling,
    ClassifyPetition,
    CloseHearing,
    ConcludeAccusation,
    ConcludeProcedure,
    DecideRecusal,
    DecideSuggestion,
    DeclinePetition,
    DeclineReview,
    DivertToProcedure,
    EndMediation,
    ExtendHandling,
    FlagUrgent,
    HandOff,
    HearPetitioner,
    IssueOpinion,
    IssueQueryCode,
    IssueReviewOpinion,
    LinkPetition,
    NoteCorrection,
    NotifyReceipt,
    OpenHearing,
    ProposeJointHandling,
    RaiseObjection,
    RecordExecution,
    RecordExecutionRefused,
    RecordUrgentAcknowledgement,
    ReferForRelief,
    ReplyToSuggestion,
    ReportAccusation,
    ReportAssistance,
    ReportBack,
    ReportUrgent,
    RequestAssistance,
    RequestRecusal,
    RequestReview,
    ResumeFromProcedure,
    RewardSuggestion,
    RuleOnObjection,
    ServeOpinion,
    ServeReviewOpinion,
    SettleByAgreement,
    StudySuggestion,
    UnsealMaterials,
    WithdrawAssistance,
)
from domain.event import Command
from domain.vocabulary import (
    AccusationRecipient,
    Adoption,
    AgencyKind,
    Category,
    Channel,
    HandoffKind,
    LinkKind,
    MediationKind,
    ObjectionReason,
    Organ,
    Outcome,
    Purpose,
    RefusalReason,
    ReliefKind,
    ReviewRefusal,
    ReviewResult,
    ReviewStage,
    Route,
    ServiceMethod,
    SimplifiedGround,
    Urgency,
    UrgentRecipient,
    Word,
)
from tests.domain.facts import PETITION, sealed

W = TypeVar("W", bound=Word)


class Words(Protocol):
    """Which members of a closed set of words are tried: all of them, or only those that lead to different states."""

    def __call__(self, kind: type[W], /) -> Iterable[W]: ...


@dataclass(frozen=True, slots=True)
class Seat:
    """Where an agency sits: its case if it has one, whom else it may address, the time, and which words it tries.

    `involved` are those that have a case, and may have given the opinion that a petitioner shows; `accusable` are those
    that an accusation may name; `fresh` is an id that was not used before.
    """

    agency: str
    kind: AgencyKind
    known: Case | None
    others: tuple[str, ...]
    involved: tuple[str, ...]
    accusable: tuple[str, ...]
    first_received_time: datetime
    now: datetime
    fresh: UUID
    each: Words

    @property
    def case(self) -> Case:
        """The case, for a command that needs one."""
        assert self.known is not None
        return self.known

    @property
    def in_twenty_days(self) -> date:
        return self.now.date() + timedelta(days=20)


def commands_of(seat: Seat, kinds: Iterable[type[Command]]) -> Iterator[Command]:
    """Every command of these kinds that the agency may think of; who was recused does not act."""
    for kind in kinds:
        if seat.known is not None or kind in OPENING:
            for command in MOVES[kind](seat):
                yield command.model_copy(update=_BY_COLLEAGUE) if seat.known and seat.known.recused else command


OTHER_PETITION = UUID(int=2)
OFFICIAL, COLLEAGUE, HEAD = "post:1", "post:2", "post:3"
TEXT, PROOF = sealed(), "proof:1"
LAWS = ("a law",)
_BY_COLLEAGUE = {"officer": COLLEAGUE}


def _classifications(seat: Seat) -> Iterator[Command]:
    for category in seat.each(Category):
        accused = seat.accusable if category is Category.ACCUSATION else ()
        for named in accused or (None,):
            together = {*seat.case.accused_agencies, named} - {None}
            yield ClassifyPetition(category=category, accused_agencies=tuple(sorted(filter(None, together))))


def _handoffs(seat: Seat) -> Iterator[Command]:
    for kind in seat.each(HandoffKind):
        due = seat.in_twenty_days if kind is HandoffKind.ASSIGNMENT else None
        for other in seat.others:
            parties = [one for one in seat.others if one != other] if kind is HandoffKind.DISPUTE else [None]
            for party in parties:
                yield HandOff(
                    handoff_id=seat.fresh,
                    kind=kind,
                    to_agency=other,
                    report_due_date=due,
                    disputing=(party,) if party else (),
                )


def _proposals(seat: Seat) -> Iterator[Command]:
    # Whoever still waits for answers, or has them all, has no reason to propose anew.
    joint = seat.case.joint
    if joint and all(agreed for _, agreed in joint.answers):
        return
    yield ProposeJointHandling(joint_id=seat.fresh, lead=seat.agency, assisting=seat.others)
    for other in seat.others:
        yield ProposeJointHandling(joint_id=seat.fresh, lead=other)


def _acceptances(seat: Seat) -> Iterator[Command]:
    routes = seat.each(Route) if seat.case.category is Category.APPEAL else (None,)
    return (AcceptPetition(route=route) for route in routes)


def _refusals(seat: Seat) -> Iterator[Command]:
    for reason in seat.each(RefusalReason):
        yield DeclinePetition(
            reason=reason,
            explanation=TEXT,
            related_petition_id=OTHER_PETITION,
            same_facts=True,
            same_reasons=True,
            directed_to=Organ.COURT,
        )


def _reviews(seat: Seat) -> Iterator[Command]:
    for stage in seat.each(ReviewStage):
        for other in seat.involved:
            yield RequestReview(
                petition_id=PETITION,
                agency=seat.agency,
                agency_kind=seat.kind,
                stage=stage,
                of_agency=other,
                first_received_time=seat.first_received_time,
            )


def _review_opinions(seat: Seat) -> Iterator[Command]:
    for result in seat.each(ReviewResult):
        for outcome in seat.each(Outcome) if result is ReviewResult.CHANGE else (None,):
            yield IssueReviewOpinion(result=result, outcome=outcome, legal_bases=LAWS, facts=TEXT, opinion=TEXT)


MOVES: dict[type[Command], Callable[[Seat], Iterable[Command]]] = {
    # Intake and record.
    ClassifyPetition: _classifications,
    LinkPetition: lambda s: (LinkPetition(link=one, to_petition_id=OTHER_PETITION) for one in s.each(LinkKind)),
    DeclinePetition: _refusals,
    UnsealMaterials: lambda s: (UnsealMaterials(official=OFFICIAL, purpose=one) for one in s.each(Purpose)),
    NoteCorrection: lambda _: (NoteCorrection(corrects_version=1, explanation=TEXT),),
    IssueQueryCode: lambda _: (IssueQueryCode(code_digest="0" * 64, token_digest="1" * 64),),
    RequestRecusal: lambda _: (RequestRecusal(official=OFFICIAL, reason=TEXT),),
    DecideRecusal: lambda _: (DecideRecusal(official=OFFICIAL, recused=one, decided_by=HEAD) for one in (True, False)),
    # Routing and objection.
    HandOff: _handoffs,
    ReportBack: lambda _: (ReportBack(report=TEXT),),
    RaiseObjection: lambda s: (RaiseObjection(reason=one, explanation=TEXT) for one in s.each(ObjectionReason)),
    RuleOnObjection: lambda _: (RuleOnObjection(uphold=True), RuleOnObjection(uphold=False)),
    # Several agencies, and what is urgent.
    ProposeJointHandling: _proposals,
    AnswerJointHandling: lambda s: (
        AnswerJointHandling(joint_id=one.joint_id, agreed=agreed)
        for one in s.case.consultations
        for agreed in (True, False)
    ),
    AgreeJointHandling: lambda _: (AgreeJointHandling(),),
    RequestAssistance: lambda s: (
        RequestAssistance(assistance_id=s.fresh, to_agency=other, report_due_date=s.in_twenty_days, request=TEXT)
        for other in s.others
    ),
    ReportAssistance: lambda s: (
        ReportAssistance(assistance_id=one.assistance_id, report=TEXT) for one in s.case.assistances
    ),
    WithdrawAssistance: lambda s: (WithdrawAssistance(assistance_id=one.assistance_id) for one in s.case.assistants),
    FlagUrgent: lambda s: (
        FlagUrgent(level=one, to_agency=office, measures=TEXT)
        for one in s.each(Urgency)
        for office in (s.agency, *s.others)
    ),
    ReportUrgent: lambda s: (ReportUrgent(recipient=one) for one in s.each(UrgentRecipient)),
    RecordUrgentAcknowledgement: lambda s: (
        RecordUrgentAcknowledgement(recipient=one, acknowledged_time=s.now) for one in s.each(UrgentRecipient)
    ),
    # Handling.
    NotifyReceipt: lambda s: (NotifyReceipt(method=one) for one in s.each(ServiceMethod)),
    ChooseSimplifiedHandling: lambda s: (ChooseSimplifiedHandling(ground=one) for one in s.each(SimplifiedGround)),
    AcceptPetition: _acceptances,
    HearPetitioner: lambda s: (HearPetitioner(channel=one) for one in s.each(Channel)),
    ExtendHandling: lambda s: (ExtendHandling(days=17, approver=HEAD, notified_time=s.now, reason=TEXT),),
    # Hearing, mediation and other procedures.
    OpenHearing: lambda _: (OpenHearing(),),
    CloseHearing: lambda _: (CloseHearing(),),
    BeginMediation: lambda s: (
        BeginMediation(kind=one, petitioner_consented=True, other_party_consented=True, consent_proof=PROOF)
        for one in s.each(MediationKind)
    ),
    EndMediation: lambda _: (EndMediation(reached=True), EndMediation(reached=False)),
    SettleByAgreement: lambda _: (SettleByAgreement(agreement=TEXT, agreement_reference=PROOF),),
    DivertToProcedure: lambda s: (
        DivertToProcedure(route=one, external_reference=PROOF, method=ServiceMethod.POST) for one in s.each(Route)
    ),
    ResumeFromProcedure: lambda s: (ResumeFromProcedure(route=one) for one in s.each(Route)),
    ConcludeProcedure: lambda _: (ConcludeProcedure(method=ServiceMethod.POST, proof=PROOF, external_reference=PROOF),),
    # The opinion and what follows it.
    IssueOpinion: lambda s: (
        IssueOpinion(outcome=one, legal_bases=LAWS, facts=TEXT, opinion=TEXT) for one in s.each(Outcome)
    ),
    ServeOpinion: lambda s: (ServeOpinion(method=one, proof=PROOF) for one in s.each(ServiceMethod)),
    RecordExecution: lambda _: (RecordExecution(proof=PROOF),),
    RecordExecutionRefused: lambda _: (RecordExecutionRefused(reason=TEXT),),
    ReferForRelief: lambda s: (ReferForRelief(kind=one, external_reference=PROOF) for one in s.each(ReliefKind)),
    # Suggestions and accusations.
    StudySuggestion: lambda _: (StudySuggestion(findings=TEXT),),
    DecideSuggestion: lambda s: (DecideSuggestion(adoption=one, explanation=TEXT) for one in s.each(Adoption)),
    ReplyToSuggestion: lambda _: (ReplyToSuggestion(method=ServiceMethod.POST, proof=PROOF),),
    RewardSuggestion: lambda _: (RewardSuggestion(external_reference=PROOF),),
    ReportAccusation: lambda s: (
        ReportAccusation(recipient=one, external_reference=PROOF) for one in s.each(AccusationRecipient)
    ),
    ConcludeAccusation: lambda _: (ConcludeAccusation(result=TEXT, told_petitioner=True),),
    # Review and re-review.
    RequestReview: _reviews,
    DeclineReview: lambda s: (DeclineReview(reason=one, explanation=TEXT) for one in s.each(ReviewRefusal)),
    IssueReviewOpinion: _review_opinions,
    ServeReviewOpinion: lambda s: (ServeReviewOpinion(method=one, proof=PROOF) for one in s.each(ServiceMethod)),
}
"""For each command, what an agency may say with it. A petition is registered once, before anybody plays."""
