"""Handling: notice, acceptance on a route of Art. 31, extension, the written opinion and its service.

Arts. 23(2)-(3), 31, 32 and 34. Only an appeal on the petition procedure, Art. 31(6), has the sixty days.
"""

from datetime import date, datetime
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from domain.case.chapter import CLOCK_SKEW_MAX, NOT_CLASSIFIED, Chapter, Decider, Moment, before, frame, in_future
from domain.case.state import HOLDING, Case, Phase
from domain.event import Command, Decision, Event, LegalBases, Reference, Refusal, Sealed
from domain.rules import EXTENSION_DAYS_MAX
from domain.vocabulary import Category, Outcome, Route, ServiceMethod

# --- events -----------------------------------------------------------------------------------------------------------


class ReceiptNotified(Event):
    """The petitioner was told in writing of receipt, path and procedure, Art. 23(2)-(3)."""

    type_name: ClassVar[str] = "lianxi.case.v1.ReceiptNotified"
    method: ServiceMethod


class Accepted(Event):
    """The matter was accepted (受理); an appeal names its route of Art. 31."""

    type_name: ClassVar[str] = "lianxi.case.v1.Accepted"
    category: Category
    route: Route | None = None


class Extended(Event):
    """The sixty days were extended once, by at most thirty: the head approved, the petitioner was told, Art. 34."""

    type_name: ClassVar[str] = "lianxi.case.v1.Extended"
    days: Annotated[int, Field(ge=1, le=EXTENSION_DAYS_MAX)]
    approver: Reference
    notified_time: AwareDatetime
    due_date: date
    reason: Sealed


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


# --- commands ---------------------------------------------------------------------------------------------------------


class NotifyReceipt(Command):
    """Record the written notice of receipt, path and procedure, Art. 23(2)-(3)."""

    method: ServiceMethod


class AcceptPetition(Command):
    """Accept the matter; for an appeal the route of Art. 31 is required."""

    route: Route | None = None


class ExtendHandling(Command):
    """Extend the sixty days once, Art. 34: approver, reason and the time of the notice are required."""

    days: int
    approver: Reference
    notified_time: AwareDatetime
    reason: Sealed


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


# --- decide -----------------------------------------------------------------------------------------------------------


def _notify(case: Case, command: NotifyReceipt, time: datetime, _moment: Moment) -> Decision:
    return (ReceiptNotified(**frame(case, command, time), method=command.method),)


def _accept(case: Case, command: AcceptPetition, time: datetime, _moment: Moment) -> Decision:
    if case.category is None:
        return NOT_CLASSIFIED
    if (case.category is Category.APPEAL) != (command.route is not None):
        return Refusal(
            "ROUTE_MISMATCH",
            "an accepted appeal names its route of Art. 31, and only an appeal does",
            "受理申诉求决类事项应当区分办理途径,其他类别不适用",
            "Art. 31",
            "route",
        )
    return (Accepted(**frame(case, command, time), category=case.category, route=command.route),)


def _extend(case: Case, command: ExtendHandling, time: datetime, moment: Moment) -> Decision:
    rule = moment.law.rule("D10", case.first_received_time)
    assert rule is not None
    assert case.accepted_time is not None
    if not any(start.holds(case) for start in rule.starts):
        return Refusal(
            "NOTHING_TO_EXTEND",
            "the sixty days do not run for this matter: the procedure that it follows has its own periods",
            "该事项不适用六十日办理期限,依照相应程序的期限办理",
            rule.article,
        )
    if time < case.accepted_time:
        return before("occurred_time", "acceptance", "受理之日")
    if case.extended_days:
        return Refusal("ALREADY_EXTENDED", "handling is extended once only", "办理期限只能延长一次", rule.article)
    if not 1 <= command.days <= rule.extension_days_max:
        return Refusal(
            "EXTENSION_TOO_LONG",
            f"an extension is at least 1 and at most {rule.extension_days_max} days",
            f"延长期限不得超过{rule.extension_days_max}日",
            rule.article,
            "days",
        )
    if time >= moment.law.due_of(rule, case.accepted_time).due_time:
        return Refusal(
            "EXTENSION_AFTER_DUE",
            "a period that is over cannot be extended",
            "办理期限届满后不得延长",
            rule.article,
            "occurred_time",
        )
    if command.notified_time > moment.now + CLOCK_SKEW_MAX:
        return in_future("notified_time")
    if command.notified_time < case.accepted_time:
        return before("notified_time", "acceptance", "受理之日")
    due = moment.law.due_of(rule, case.accepted_time, extension_days=command.days)
    fields = command.model_dump(include={"days", "approver", "notified_time"})
    return (Extended(**frame(case, command, time), **fields, reason=command.reason, due_date=due.due_date),)


def _issue(case: Case, command: IssueOpinion, time: datetime, _moment: Moment) -> Decision:
    if case.accepted_time and time < case.accepted_time:
        return before("occurred_time", "acceptance", "受理之日")
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
    if case.opinion_time and time < case.opinion_time:
        return before("occurred_time", "the opinion", "出具意见之日")
    return (OpinionServed(**frame(case, command, time), method=command.method, proof=command.proof),)


CHAPTER = Chapter(
    evolve={
        ReceiptNotified: lambda *_: {},
        Accepted: lambda _, e: {"phase": Phase.ACCEPTED, "route": e.route, "accepted_time": e.occurred_time},
        Extended: lambda _, e: {"extended_days": e.days},
        OpinionIssued: lambda _, e: {
            "phase": Phase.OPINION_ISSUED,
            "outcome": e.outcome,
            "opinion_time": e.occurred_time,
        },
        OpinionServed: lambda _, e: {"phase": Phase.SERVED, "served_time": e.occurred_time},
    },
    decide={
        NotifyReceipt: Decider(HOLDING | {Phase.HANDED_OFF}, _notify),
        AcceptPetition: Decider(frozenset({Phase.OPEN}), _accept),
        ExtendHandling: Decider(frozenset({Phase.ACCEPTED}), _extend),
        IssueOpinion: Decider(frozenset({Phase.ACCEPTED}), _issue),
        ServeOpinion: Decider(frozenset({Phase.OPINION_ISSUED}), _serve),
    },
)
