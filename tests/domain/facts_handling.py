"""Facts and commands of handling, of the streams and of recusal for stories, with plain defaults."""

from datetime import datetime
from typing import Any

from domain.case import (
    AccusationConcluded,
    AccusationReported,
    BeginMediation,
    ChooseSimplifiedHandling,
    ConcludeAccusation,
    ConcludeProcedure,
    CorrectionNoted,
    DecideSuggestion,
    DivertedToProcedure,
    DivertToProcedure,
    ExecutionCompleted,
    ExecutionRefused,
    HearingClosed,
    HearingOpened,
    HearPetitioner,
    IssueOpinion,
    Linked,
    MediationBegun,
    MediationEnded,
    NotAccepted,
    PetitionerHeard,
    ProcedureConcluded,
    RecordExecution,
    RecordExecutionRefused,
    RecusalDecided,
    RecusalRequested,
    ReferForRelief,
    ReliefReferred,
    ReplyToSuggestion,
    ReportAccusation,
    ResumedFromProcedure,
    ResumeFromProcedure,
    RewardSuggestion,
    SettleByAgreement,
    Settled,
    SimplifiedHandlingChosen,
    StudySuggestion,
    SuggestionDecided,
    SuggestionReplied,
    SuggestionRewarded,
    SuggestionStudied,
)
from domain.event import Event
from domain.vocabulary import (
    AccusationRecipient,
    Adoption,
    Category,
    Channel,
    LinkKind,
    MediationKind,
    Organ,
    Outcome,
    RefusalReason,
    ReliefKind,
    Route,
    ServiceMethod,
    SimplifiedGround,
)
from tests.domain.facts import AT_HOUSING, HOUSING, NOW, PETITION, accepted, handoff_received, sealed

_DEFAULTS: dict[type[Event], dict[str, Any]] = {
    AccusationConcluded: {"result": sealed("result"), "told_petitioner": True},
    AccusationReported: {
        "recipient": AccusationRecipient.PERSONNEL_DEPARTMENT,
        "external_reference": "report:2023/8",
    },
    CorrectionNoted: {"corrects_version": 1, "explanation": sealed()},
    DivertedToProcedure: {
        "route": Route.ARBITRATION,
        "external_reference": "arbitration:2023/12",
        "method": ServiceMethod.POST,
    },
    ExecutionCompleted: {"proof": "receipt:101"},
    ExecutionRefused: {"unit": None, "reason": sealed("reason")},
    HearingClosed: {},
    HearingOpened: {},
    Linked: {"link": LinkKind.RELATED},
    MediationBegun: {"kind": MediationKind.MEDIATION, "consent_proof": "file:consent-9"},
    MediationEnded: {"reached": True},
    NotAccepted: {
        "reason": RefusalReason.OUTSIDE_POWERS,
        "explanation": sealed(),
        "directed_to": Organ.OTHER_AGENCY,
    },
    PetitionerHeard: {"channel": Channel.TELEPHONE},
    ProcedureConcluded: {
        "method": ServiceMethod.POST,
        "proof": "receipt:104",
        "external_reference": "arbitration:2023/12",
    },
    RecusalDecided: {"official": "post:desk-5", "recused": True, "decided_by": "post:head"},
    RecusalRequested: {"official": "post:desk-5", "reason": sealed("reason")},
    ReliefReferred: {"kind": ReliefKind.SOCIAL_ASSISTANCE, "external_reference": "relief:3"},
    ResumedFromProcedure: {"route": Route.PETITION_PROCEDURE},
    Settled: {"agreement": sealed("agreement"), "agreement_reference": "agreement:2023/5"},
    SimplifiedHandlingChosen: {"ground": SimplifiedGround.CLEAR_AND_EASY},
    SuggestionDecided: {"adoption": Adoption.ADOPTED, "explanation": sealed()},
    SuggestionReplied: {"method": ServiceMethod.POST, "proof": "receipt:105"},
    SuggestionRewarded: {"external_reference": "award:1"},
    SuggestionStudied: {"findings": sealed("findings")},
}


def fact(event: type[Event], /, *, agency: str = HOUSING, time: datetime = NOW, **changes: Any) -> Event:
    """One fact of that kind; a test says only what matters to it."""
    frame: dict[str, Any] = {"petition_id": PETITION, "agency": agency, "occurred_time": time}
    return event(**(frame | _DEFAULTS[event] | changes))


# Commands with the same defaults.

SIMPLIFY = ChooseSimplifiedHandling(ground=SimplifiedGround.CLEAR_AND_EASY)
HEAR = HearPetitioner(channel=Channel.TELEPHONE)
DIVERT = DivertToProcedure(route=Route.ARBITRATION, external_reference="arbitration:2023/12", method=ServiceMethod.POST)
RESUME = ResumeFromProcedure(route=Route.PETITION_PROCEDURE)
CONCLUDE = ConcludeProcedure(method=ServiceMethod.POST, proof="receipt:104", external_reference="arbitration:2023/12")
MEDIATE = BeginMediation(
    kind=MediationKind.MEDIATION,
    petitioner_consented=True,
    other_party_consented=True,
    consent_proof="file:consent-9",
)
SETTLE = SettleByAgreement(agreement=sealed("agreement"), agreement_reference="agreement:2023/5")
ISSUE = IssueOpinion(
    outcome=Outcome.SUPPORT,
    legal_bases=("Property Management Regulations, Art. 35",),
    facts=sealed("facts"),
    opinion=sealed("opinion"),
)
EXECUTE = RecordExecution(proof="receipt:101")
REFUSE_EXECUTION = RecordExecutionRefused(reason=sealed("reason"))
RELIEVE = ReferForRelief(kind=ReliefKind.SOCIAL_ASSISTANCE, external_reference="relief:3")
STUDY = StudySuggestion(findings=sealed("findings"))
ADOPT = DecideSuggestion(adoption=Adoption.ADOPTED, explanation=sealed())
REPLY = ReplyToSuggestion(method=ServiceMethod.POST, proof="receipt:105")
REWARD = RewardSuggestion(external_reference="award:1")
REPORT = ReportAccusation(recipient=AccusationRecipient.PERSONNEL_DEPARTMENT, external_reference="report:2023/8")
CONCLUDE_ACCUSATION = ConcludeAccusation(result=sealed("result"), told_petitioner=True)

ACCEPTED: tuple[Event, ...] = (*AT_HOUSING, accepted())
"""An appeal on the petition procedure, accepted by the housing bureau on 3 March 2023."""

SUGGESTED: tuple[Event, ...] = (
    handoff_received(category=Category.SUGGESTION),
    accepted(category=Category.SUGGESTION, route=None),
)
ACCUSED: tuple[Event, ...] = (
    handoff_received(category=Category.ACCUSATION),
    accepted(category=Category.ACCUSATION, route=None),
)
