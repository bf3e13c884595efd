"""The written opinion: its issue, its service with proof, the execution of a supported one, and relief.

Arts. 32, 35 (service) and 37. Only an appeal on the petition procedure gets an opinion, Art. 31(6); what was received
under the 2005 Regulations, which know no routes, gets one whatever it is.
"""

from datetime import datetime
from typing import ClassVar

from domain.case.agreement import open_step
from domain.case.chapter import Chapter, Decider, Moment, before, frame
from domain.case.handling import before_acceptance
from domain.case.state import Case, Phase
from domain.event import AgencyId, Command, Decision, Event, LegalBases, Reference, Refusal, Sealed
from domain.vocabulary import Category, Outcome, ReliefKind, ServiceMethod

# --- events -----------------------------------------------------------------------------------------------------------


class OpinionIssued(Event):
    """The written handling opinion (信访处理意见书) with claim, facts, opinion and legal basis, Art. 32."""

    type_name: ClassVar[str] = "lianxi.case.v1.OpinionIssued"
    outcome: Outcome
    legal_bases: LegalBases
    facts: Sealed
    opinion: Sealed


class OpinionServed(Event):
    """The opinion reached the petitioner, with proof; from here the petitioner's thirty days run, Art. 35."""

    type_name: ClassVar[str] = "lianxi.case.v1.OpinionServed"
    method: ServiceMethod
    proof: Reference


class ExecutionCompleted(Event):
    """What an opinion supported was carried out, with proof, Art. 32(2)."""

    type_name: ClassVar[str] = "lianxi.case.v1.ExecutionCompleted"
    proof: Reference


class ExecutionRefused(Event):
    """Somebody who must carry a supported opinion out does not; the duty stays open, Arts. 32(2), 40 and 42(4)."""

    type_name: ClassVar[str] = "lianxi.case.v1.ExecutionRefused"
    unit: AgencyId | None = None
    reason: Sealed


class ReliefReferred(Event):
    """The petitioner was led to social assistance, judicial relief or guidance, Art. 37(2)-(3)."""

    type_name: ClassVar[str] = "lianxi.case.v1.ReliefReferred"
    kind: ReliefKind
    external_reference: Reference


# --- commands ---------------------------------------------------------------------------------------------------------


class IssueOpinion(Command):
    """Issue the written handling opinion, Art. 32."""

    outcome: Outcome
    legal_bases: LegalBases = ()
    facts: Sealed
    opinion: Sealed


class ServeOpinion(Command):
    """Record that the opinion was served, how, and where the proof is kept."""

    method: ServiceMethod
    proof: Reference


class RecordExecution(Command):
    """Record that what the opinion supported was carried out, Art. 32(2)."""

    proof: Reference


class RecordExecutionRefused(Command):
    """Record that a unit does not carry the opinion out, and why, Art. 42(4); no unit where it is the agency itself."""

    unit: AgencyId | None = None
    reason: Sealed


class ReferForRelief(Command):
    """Lead the petitioner to relief, Art. 37; the reference is the referral's number where it is kept."""

    kind: ReliefKind
    external_reference: Reference


# --- decide -----------------------------------------------------------------------------------------------------------


def _issue(case: Case, command: IssueOpinion, time: datetime, _moment: Moment) -> Decision:
    if problem := before_acceptance(case, time) or _not_for_this(case) or open_step(case):
        return problem
    if not command.legal_bases:
        return Refusal(
            "OPINION_WITHOUT_BASIS",
            "a handling opinion states its legal basis",
            "信访处理意见书应当载明法律法规依据",
            "Art. 32(1)",
            "legal_bases",
            "name at least one law, regulation or rule",
        )
    return (
        OpinionIssued(
            **frame(case, command, time),
            outcome=command.outcome,
            legal_bases=command.legal_bases,
            facts=command.facts,
            opinion=command.opinion,
        ),
    )


def _serve(case: Case, command: ServeOpinion, time: datetime, _moment: Moment) -> Decision:
    if problem := _before_opinion(case, time):
        return problem
    return (OpinionServed(**frame(case, command, time), method=command.method, proof=command.proof),)


def _not_for_this(case: Case) -> Refusal | None:
    if case.is_on_petition_procedure:
        return None
    assert case.category is not None
    return Refusal(
        "OPINION_NOT_FOR_THIS",
        "only an appeal on the petition procedure is answered by a handling opinion",
        "信访处理意见书仅适用于按照信访程序办理的申诉求决类事项",
        "Arts. 31(6), 32",
        remedy=_ANSWERED_BY[case.category],
    )


_ANSWERED_BY = {
    Category.SUGGESTION: "use DecideSuggestion and ReplyToSuggestion, Art. 29(1)",
    Category.ACCUSATION: "use ConcludeAccusation, Art. 30(1)",
    Category.APPEAL: "use ConcludeProcedure, Art. 31(1)-(5), or DivertToProcedure where it belongs elsewhere",
}


def _before_opinion(case: Case, time: datetime) -> Refusal | None:
    if case.opinion_time is not None and time < case.opinion_time:
        return before("occurred_time", "the opinion", "出具意见之日")
    return None


def _execution_problem(case: Case, time: datetime) -> Refusal | None:
    if not case.awaits_execution:
        return Refusal(
            "NOTHING_TO_EXECUTE",
            "no opinion that supports the petition waits to be carried out",
            "没有待执行的支持信访请求的意见",
            "Art. 32(2)",
        )
    return _before_opinion(case, time)


def _execute(case: Case, command: RecordExecution, time: datetime, _moment: Moment) -> Decision:
    problem = _execution_problem(case, time)
    return problem or (ExecutionCompleted(**frame(case, command, time), proof=command.proof),)


def _refuse_execution(case: Case, command: RecordExecutionRefused, time: datetime, _moment: Moment) -> Decision:
    problem = _execution_problem(case, time)
    return problem or (ExecutionRefused(**frame(case, command, time), unit=command.unit, reason=command.reason),)


def _relieve(case: Case, command: ReferForRelief, time: datetime, _moment: Moment) -> Decision:
    fields = command.model_dump(include={"kind", "external_reference"})
    return (ReliefReferred(**frame(case, command, time), **fields),)


CHAPTER = Chapter(
    evolve={
        OpinionIssued: lambda _, e: {
            "phase": Phase.OPINION_ISSUED,
            "outcome": e.outcome,
            "opinion_time": e.occurred_time,
            "awaits_execution": e.outcome is Outcome.SUPPORT,
        },
        OpinionServed: lambda _, e: {"phase": Phase.SERVED, "served_time": e.occurred_time},
        ExecutionCompleted: lambda *_: {"awaits_execution": False},
        ExecutionRefused: lambda *_: {},
        ReliefReferred: lambda *_: {},
    },
    decide={
        IssueOpinion: Decider(frozenset({Phase.ACCEPTED}), _issue),
        ServeOpinion: Decider(frozenset({Phase.OPINION_ISSUED}), _serve),
        RecordExecution: Decider(frozenset(Phase), _execute),
        RecordExecutionRefused: Decider(frozenset(Phase), _refuse_execution),
        ReferForRelief: Decider(frozenset(Phase), _relieve),
    },
)
