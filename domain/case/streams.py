"""The streams of suggestions, Art. 29, and of accusations, Art. 30: neither has the sixty days, nor a handling opinion.

A suggestion is studied, adopted or not, answered where it is adopted, and perhaps rewarded. An accusation is handled
and answered; whom a petition department tells of it goes on record without a word of what it says. What was received
under the Regulations of 2005 may be answered by an opinion instead.
"""

from datetime import datetime
from typing import ClassVar

from domain.case.agreement import open_step
from domain.case.chapter import Chapter, Decider, Moment, frame
from domain.case.handling import before_acceptance
from domain.case.state import FINISHED, HOLDING, Case, Phase
from domain.event import Command, Decision, Event, Reference, Refusal, Sealed
from domain.vocabulary import AccusationRecipient, Adoption, AgencyKind, Category, ServiceMethod

# --- events -----------------------------------------------------------------------------------------------------------


class SuggestionStudied(Event):
    """The suggestion was earnestly studied, with these findings, Art. 29(1)."""

    type_name: ClassVar[str] = "lianxi.case.v1.SuggestionStudied"
    findings: Sealed


class SuggestionDecided(Event):
    """It was decided whether the suggestion is adopted, wholly or in part, Art. 29(1)."""

    type_name: ClassVar[str] = "lianxi.case.v1.SuggestionDecided"
    adoption: Adoption
    explanation: Sealed


class SuggestionReplied(Event):
    """The petitioner was told that the suggestion is adopted, with proof, Art. 29(1)."""

    type_name: ClassVar[str] = "lianxi.case.v1.SuggestionReplied"
    method: ServiceMethod
    proof: Reference


class SuggestionRewarded(Event):
    """The suggestion was rewarded, because it contributed to the public good, Art. 29(2)."""

    type_name: ClassVar[str] = "lianxi.case.v1.SuggestionRewarded"
    external_reference: Reference


class AccusationReported(Event):
    """A petition department told of accusations against cadres, without their content here, Art. 30(2)."""

    type_name: ClassVar[str] = "lianxi.case.v1.AccusationReported"
    recipient: AccusationRecipient
    external_reference: Reference


class AccusationConcluded(Event):
    """The accusation was handled; `told_petitioner`: the result was fed back to the petitioner, Art. 30(1)."""

    type_name: ClassVar[str] = "lianxi.case.v1.AccusationConcluded"
    result: Sealed
    told_petitioner: bool


# --- commands ---------------------------------------------------------------------------------------------------------


class StudySuggestion(Command):
    """Record what studying the suggestion came to, Art. 29(1)."""

    findings: Sealed


class DecideSuggestion(Command):
    """Adopt the suggestion, wholly or in part, or not, and say why, Art. 29(1)."""

    adoption: Adoption
    explanation: Sealed


class ReplyToSuggestion(Command):
    """Record the reply that an adopted suggestion is owed, Art. 29(1)."""

    method: ServiceMethod
    proof: Reference


class RewardSuggestion(Command):
    """Record the reward of a suggestion, Art. 29(2); the reference is the award's number where it is kept."""

    external_reference: Reference


class ReportAccusation(Command):
    """Record that a petition department told those whom Art. 30(2) names; the reference is the report's number."""

    recipient: AccusationRecipient
    external_reference: Reference


class ConcludeAccusation(Command):
    """Record the result of an accusation and whether the petitioner was told, Art. 30(1)."""

    result: Sealed
    told_petitioner: bool


# --- decide: suggestions ----------------------------------------------------------------------------------------------


def _suggestion_problem(case: Case, time: datetime) -> Refusal | None:
    return before_acceptance(case, time) if case.category is Category.SUGGESTION else NOT_A_SUGGESTION


def _study(case: Case, command: StudySuggestion, time: datetime, _moment: Moment) -> Decision:
    problem = _suggestion_problem(case, time)
    return problem or (SuggestionStudied(**frame(case, command, time), findings=command.findings),)


def _decide(case: Case, command: DecideSuggestion, time: datetime, _moment: Moment) -> Decision:
    if problem := _suggestion_problem(case, time) or open_step(case):
        return problem
    if not case.is_studied:
        return Refusal(
            "SUGGESTION_NOT_STUDIED",
            "a suggestion is studied before it is decided on",
            "建议意见类事项应当先行研究论证",
            "Art. 29(1)",
            remedy="record the study first",
        )
    if case.adoption is not None:
        return Refusal(
            "SUGGESTION_ALREADY_DECIDED", "the suggestion is decided on", "该建议意见已作出采纳决定", "Art. 29(1)"
        )
    fields = command.model_dump(include={"adoption"})
    return (SuggestionDecided(**frame(case, command, time), **fields, explanation=command.explanation),)


def _decided(_case: Case, event: SuggestionDecided) -> dict[str, object]:
    """What is not adopted ends with the decision: Art. 29(1) owes a reply only where something was adopted."""
    phase = Phase.CONCLUDED if event.adoption is Adoption.NOT_ADOPTED else Phase.ACCEPTED
    return {"phase": phase, "adoption": event.adoption}


def _reply(case: Case, command: ReplyToSuggestion, time: datetime, _moment: Moment) -> Decision:
    if problem := _suggestion_problem(case, time) or open_step(case):
        return problem
    if case.adoption is None:
        return Refusal(
            "SUGGESTION_NOT_DECIDED",
            "there is no decision yet to reply with",
            "尚未作出采纳决定,无从回复",
            "Art. 29(1)",
            remedy="decide on the suggestion first",
        )
    return (SuggestionReplied(**frame(case, command, time), method=command.method, proof=command.proof),)


def _reward(case: Case, command: RewardSuggestion, time: datetime, _moment: Moment) -> Decision:
    problem = _suggestion_problem(case, time)
    fields = command.model_dump(include={"external_reference"})
    return problem or (SuggestionRewarded(**frame(case, command, time), **fields),)


# --- decide: accusations ----------------------------------------------------------------------------------------------


def _report(case: Case, command: ReportAccusation, time: datetime, _moment: Moment) -> Decision:
    if case.category is not Category.ACCUSATION:
        return NOT_AN_ACCUSATION
    if case.agency_kind is not AgencyKind.PETITION_DEPARTMENT:
        return Refusal(
            "NOT_A_PETITION_DEPARTMENT",
            "telling the personnel department and Party leaders of accusations is for petition departments",
            "通报、报送反映干部问题的信访情况由信访部门负责",
            "Art. 30(2)",
        )
    fields = command.model_dump(include={"recipient", "external_reference"})
    return (AccusationReported(**frame(case, command, time), **fields),)


def _conclude(case: Case, command: ConcludeAccusation, time: datetime, _moment: Moment) -> Decision:
    if case.category is not Category.ACCUSATION:
        return NOT_AN_ACCUSATION
    if problem := before_acceptance(case, time) or open_step(case):
        return problem
    fields = command.model_dump(include={"told_petitioner"})
    return (AccusationConcluded(**frame(case, command, time), **fields, result=command.result),)


NOT_A_SUGGESTION = Refusal("NOT_A_SUGGESTION", "this is for suggestions only", "仅适用于建议意见类事项", "Art. 29")
NOT_AN_ACCUSATION = Refusal("NOT_AN_ACCUSATION", "this is for accusations only", "仅适用于检举控告类事项", "Art. 30")

CHAPTER = Chapter(
    evolve={
        SuggestionStudied: lambda *_: {"is_studied": True},
        SuggestionDecided: _decided,
        SuggestionReplied: lambda *_: {"phase": Phase.CONCLUDED},
        SuggestionRewarded: lambda *_: {},
        AccusationReported: lambda *_: {},
        AccusationConcluded: lambda *_: {"phase": Phase.CONCLUDED},
    },
    decide={
        StudySuggestion: Decider(frozenset({Phase.ACCEPTED}), _study),
        DecideSuggestion: Decider(frozenset({Phase.ACCEPTED}), _decide),
        ReplyToSuggestion: Decider(frozenset({Phase.ACCEPTED}), _reply),
        RewardSuggestion: Decider(FINISHED | {Phase.ACCEPTED}, _reward),
        ReportAccusation: Decider(HOLDING | FINISHED | {Phase.HANDED_OFF}, _report),
        ConcludeAccusation: Decider(frozenset({Phase.ACCEPTED}), _conclude),
    },
)
