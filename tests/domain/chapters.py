"""The chapters of the Regulations as the exhaustive search takes them: who plays, where it begins, what may be said."""

from uuid import UUID

from domain.case import (
    COMMANDS,
    AcceptPetition,
    AgreeJointHandling,
    AnswerJointHandling,
    BeginMediation,
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
    RegisterPetition,
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
    Adoption,
    AgencyKind,
    Category,
    HandoffKind,
    Outcome,
    ReviewResult,
    ReviewStage,
    Route,
    ServiceMethod,
)
from tests.domain.chessboard import EAST, NORTH, SOUTH, Move
from tests.domain.facts import PETITION
from tests.domain.player import LAWS, PROOF, TEXT
from tests.domain.search import START, Chapter

NOTES: frozenset[type[Command]] = frozenset(
    {
        LinkPetition,
        UnsealMaterials,
        NoteCorrection,
        IssueQueryCode,
        RequestRecusal,
        DecideRecusal,
        NotifyReceipt,
        HearPetitioner,
        ChooseSimplifiedHandling,
        ReferForRelief,
        ReportAccusation,
        RewardSuggestion,
        RecordExecutionRefused,
        FlagUrgent,
        ReportUrgent,
        RecordUrgentAcknowledgement,
    }
)
"""What an agency may put on record at any time and brings a petition no further."""
EVERYTHING = COMMANDS - {RegisterPetition}

DEPARTMENT, BUREAU = AgencyKind.PETITION_DEPARTMENT, AgencyKind.AGENCY
GOVERNMENT, MEETING = AgencyKind.PARTY_OR_GOVERNMENT, AgencyKind.JOINT_MEETING_OFFICE
DEPARTMENT_FIRST = {SOUTH: DEPARTMENT, EAST: BUREAU, NORTH: GOVERNMENT}
BUREAUS = {SOUTH: BUREAU, EAST: BUREAU, NORTH: GOVERNMENT}

JOINT = UUID(int=77)
APPEAL = ClassifyPetition(category=Category.APPEAL)
ACCEPT = AcceptPetition(route=Route.PETITION_PROCEDURE)
SUPPORT = IssueOpinion(outcome=Outcome.SUPPORT, legal_bases=LAWS, facts=TEXT, opinion=TEXT)
SERVE = ServeOpinion(method=ServiceMethod.POST, proof=PROOF)
UPHOLD = IssueReviewOpinion(result=ReviewResult.UPHOLD, legal_bases=LAWS, facts=TEXT, opinion=TEXT)
SERVE_REVIEW = ServeReviewOpinion(method=ServiceMethod.POST, proof=PROOF)
ASK_EAST = RequestReview(
    petition_id=PETITION,
    agency=EAST,
    agency_kind=BUREAU,
    stage=ReviewStage.REVIEW,
    of_agency=SOUTH,
    first_received_time=START,
)

CLASSIFIED: tuple[Move, ...] = ((SOUTH, APPEAL),)
ACCEPTED: tuple[Move, ...] = (*CLASSIFIED, (SOUTH, ACCEPT))
SERVED: tuple[Move, ...] = (*ACCEPTED, (SOUTH, SUPPORT), (SOUTH, SERVE))
REVIEWED: tuple[Move, ...] = (*SERVED, (EAST, ASK_EAST), (EAST, UPHOLD), (EAST, SERVE_REVIEW))

AGREED: tuple[Move, ...] = (
    *CLASSIFIED,
    (SOUTH, ProposeJointHandling(joint_id=JOINT, lead=EAST, assisting=(NORTH,))),
    (EAST, AnswerJointHandling(joint_id=JOINT, agreed=True)),
    (NORTH, AnswerJointHandling(joint_id=JOINT, agreed=True)),
    (SOUTH, AgreeJointHandling()),
    (SOUTH, HandOff(handoff_id=JOINT, kind=HandoffKind.TRANSFER, to_agency=EAST)),
)

_Kinds = frozenset[type[Command]]
_OBJECTING: _Kinds = frozenset({HandOff, RaiseObjection, RuleOnObjection})
_DECIDING: _Kinds = frozenset({AcceptPetition, DeclinePetition})
_OPINION: _Kinds = frozenset({IssueOpinion, ServeOpinion})
_REVIEW: _Kinds = frozenset({RequestReview, DeclineReview, IssueReviewOpinion, ServeReviewOpinion})
_HEARING: _Kinds = frozenset({OpenHearing, CloseHearing})
_MEDIATION: _Kinds = frozenset({BeginMediation, EndMediation, SettleByAgreement})
_NEGOTIATION: _Kinds = frozenset({ProposeJointHandling, AnswerJointHandling, AgreeJointHandling})
_ASSISTANCE: _Kinds = frozenset({RequestAssistance, ReportAssistance, WithdrawAssistance})
_URGENCY: _Kinds = frozenset([FlagUrgent, ReportUrgent, RecordUrgentAcknowledgement])
_PROCEDURE: _Kinds = frozenset({DivertToProcedure, ResumeFromProcedure, ConcludeProcedure})
_SUGGESTION: _Kinds = frozenset({StudySuggestion, DecideSuggestion, ReplyToSuggestion, RewardSuggestion})
_TAKING: _Kinds = frozenset([HandOff, AcceptPetition])
_ACCUSATION: _Kinds = frozenset([ClassifyPetition, ReportAccusation, ConcludeAccusation])

_CATEGORIES = {Category: tuple(Category)}
_STAGES = {ReviewStage: tuple(ReviewStage), ReviewResult: tuple(ReviewResult)}
_DISPUTES = {HandoffKind: (HandoffKind.TRANSFER, HandoffKind.DISPUTE)}
_PETITION_PROCEDURE = {Route: (Route.PETITION_PROCEDURE,)}
_OUTCOMES = {Outcome: (Outcome.SUPPORT, Outcome.EXPLAIN)}
_SOME_WORDS = _CATEGORIES | _PETITION_PROCEDURE | {ReviewStage: tuple(ReviewStage)}


CHAPTERS = (
    Chapter("routing", DEPARTMENT_FIRST, CLASSIFIED, _OBJECTING | _DECIDING),
    Chapter("routing, mail held back", DEPARTMENT_FIRST, CLASSIFIED, _OBJECTING | _DECIDING, held_back=True, depth=12),
    Chapter(
        "assignment and report",
        DEPARTMENT_FIRST,
        CLASSIFIED,
        _OBJECTING | _DECIDING | {ReportBack},
        words={HandoffKind: (HandoffKind.ASSIGNMENT,)},
    ),
    Chapter("dispute", BUREAUS, CLASSIFIED, _OBJECTING | _DECIDING, words=_DISPUTES),
    Chapter(
        "dispute, mail held back",
        BUREAUS,
        CLASSIFIED,
        _OBJECTING | _DECIDING,
        words=_DISPUTES,
        held_back=True,
        depth=12,
    ),
    Chapter("negotiation", BUREAUS, CLASSIFIED, _NEGOTIATION | {AcceptPetition}, words=_PETITION_PROCEDURE),
    Chapter(
        "after agreement",
        BUREAUS,
        AGREED,
        _ASSISTANCE | {RaiseObjection, RuleOnObjection, AcceptPetition},
        words=_PETITION_PROCEDURE,
    ),
    Chapter("assistance", BUREAUS, CLASSIFIED, _ASSISTANCE | _TAKING | _OPINION, words=_PETITION_PROCEDURE),
    Chapter(
        "urgent",
        DEPARTMENT_FIRST | {NORTH: MEETING},
        CLASSIFIED,
        _URGENCY | {HandOff},
    ),
    Chapter(
        "accusation",
        DEPARTMENT_FIRST,
        (),
        _OBJECTING | _DECIDING | _ACCUSATION,
        words={Category: (Category.ACCUSATION,)},
    ),
    Chapter(
        "suggestion",
        BUREAUS,
        (),
        _SUGGESTION | {ClassifyPetition, AcceptPetition, HandOff},
        words={Category: (Category.SUGGESTION,), Adoption: tuple(Adoption)},
    ),
    Chapter(
        "handling",
        BUREAUS,
        CLASSIFIED,
        _OPINION | _HEARING | _MEDIATION | {AcceptPetition, ExtendHandling, RecordExecution, NotifyReceipt},
        words=_OUTCOMES | _PETITION_PROCEDURE,
    ),
    Chapter(
        "other procedures",
        BUREAUS,
        CLASSIFIED,
        _PROCEDURE | _OPINION | _MEDIATION | {AcceptPetition},
        words={Route: (Route.PETITION_PROCEDURE, Route.LITIGATION, Route.PROTECTIVE_DUTY)},
    ),
    Chapter("review", BUREAUS, SERVED, _REVIEW | _OPINION | {RecordExecution}, waits=True, words=_STAGES | _OUTCOMES),
    Chapter("re-review", BUREAUS, REVIEWED, _REVIEW | _OPINION | _HEARING, waits=True, words=_STAGES),
    Chapter("everything", BUREAUS, CLASSIFIED, EVERYTHING - NOTES, depth=5, words=_PETITION_PROCEDURE),
    Chapter("everything from the first day", DEPARTMENT_FIRST, (), EVERYTHING, depth=3, words=_SOME_WORDS),
)
