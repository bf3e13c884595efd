"""Handling: notice, simplified handling, acceptance on a route of Art. 31, hearing the petitioner, extension.

Arts. 23(2)-(3), 31 and 34. Only an appeal on the petition procedure, Art. 31(6), has the sixty days. What comes of it
stands in `procedure`, `opinion`, `agreement` and `streams`.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from domain.case.chapter import CLOCK_SKEW_MAX, NOT_CLASSIFIED, Chapter, Decider, Moment, before, frame, in_future
from domain.case.state import Case, Phase
from domain.event import Command, Decision, Event, Reference, Refusal, Sealed
from domain.rules import EXTENSION_DAYS_MAX
from domain.vocabulary import Category, Channel, HandoffKind, Route, ServiceMethod, SimplifiedGround

# --- events -----------------------------------------------------------------------------------------------------------


class ReceiptNotified(Event):
    """The petitioner was told in writing of receipt, path and procedure, Art. 23(2)-(3)."""

    type_name: ClassVar[str] = "lianxi.case.v1.ReceiptNotified"
    method: ServiceMethod


class SimplifiedHandlingChosen(Event):
    """The matter is fit for simplified handling, 信访事项简易办理办法 (国信办发〔2022〕17号): shorter periods run."""

    type_name: ClassVar[str] = "lianxi.case.v1.SimplifiedHandlingChosen"
    ground: SimplifiedGround


class Accepted(Event):
    """The matter was accepted (受理); an appeal names its route of Art. 31.

    `is_simplified`: it is handled in the simplified way that was chosen before.
    """

    type_name: ClassVar[str] = "lianxi.case.v1.Accepted"
    category: Category
    route: Route | None = None
    is_simplified: bool = False


class PetitionerHeard(Event):
    """The petitioner stated facts and reasons, and was listened to, Art. 31(6)."""

    type_name: ClassVar[str] = "lianxi.case.v1.PetitionerHeard"
    channel: Channel


class Extended(Event):
    """The sixty days were extended once, by at most thirty: the head approved, the petitioner was told, Art. 34."""

    type_name: ClassVar[str] = "lianxi.case.v1.Extended"
    days: Annotated[int, Field(ge=1, le=EXTENSION_DAYS_MAX)]
    approver: Reference
    notified_time: AwareDatetime
    due_date: date
    reason: Sealed


# --- commands ---------------------------------------------------------------------------------------------------------


class NotifyReceipt(Command):
    """Record the written notice of receipt, path and procedure, Art. 23(2)-(3)."""

    method: ServiceMethod


class ChooseSimplifiedHandling(Command):
    """Choose simplified handling before acceptance, 信访事项简易办理办法 (国信办发〔2022〕17号)."""

    ground: SimplifiedGround


class AcceptPetition(Command):
    """Accept the matter; for an appeal the route of Art. 31 is required."""

    route: Route | None = None


class HearPetitioner(Command):
    """Record that the petitioner was heard, and how, Art. 31(6)."""

    channel: Channel


class ExtendHandling(Command):
    """Extend the sixty days once, Art. 34: approver, reason and the time of the notice are required."""

    days: int
    approver: Reference
    notified_time: AwareDatetime
    reason: Sealed


# --- decide -----------------------------------------------------------------------------------------------------------


def _notify(case: Case, command: NotifyReceipt, time: datetime, _moment: Moment) -> Decision:
    return (ReceiptNotified(**frame(case, command, time), method=command.method),)


def _simplify(case: Case, command: ChooseSimplifiedHandling, time: datetime, moment: Moment) -> Decision:
    if case.category is None:
        return NOT_CLASSIFIED
    if moment.law.rule("SIMPLE-OPINION", case.first_received_time) is None:
        return Refusal(
            "SIMPLIFIED_NOT_IN_FORCE",
            "the petition was received before the measure on simplified handling was in force",
            "该事项收到时简易办理办法尚未施行",
            SIMPLIFIED_MEASURE,
            remedy="handle it in the ordinary way",
        )
    for excludes, reason, reason_zh in _NOT_SIMPLE:
        if excludes(case):
            return Refusal(
                "SIMPLIFIED_NOT_FOR_THIS",
                f"simplified handling is not for {reason}",
                f"{reason_zh},不适用简易办理",
                SIMPLIFIED_MEASURE,
                remedy="handle it in the ordinary way",
            )
    return (SimplifiedHandlingChosen(**frame(case, command, time), ground=command.ground),)


SIMPLIFIED_MEASURE = "信访事项简易办理办法 (国信办发〔2022〕17号)"

_NOT_SIMPLE: tuple[tuple[Callable[[Case], bool], str, str], ...] = (
    (lambda case: case.is_repeat, "a repeated petition", "重复信访事项"),
    (lambda case: case.category is Category.ACCUSATION, "accusations", "检举控告类事项"),
    (lambda case: case.is_collective, "a collective petition", "集体信访事项"),
    (lambda case: case.urgency is not None, "major or urgent matters", "重大、紧急信访事项"),
    (
        lambda case: case.incoming is not None and case.incoming.kind is HandoffKind.ASSIGNMENT,
        "what a superior assigned",
        "上级交办的信访事项",
    ),
    (
        lambda case: case.joint is not None or bool(case.assistants),
        "what several agencies answer for",
        "涉及多个责任单位的信访事项",
    ),
)
"""What the measure leaves to ordinary handling, as far as the case can tell; the routes come with acceptance."""


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
    # What is led into another procedure, or is known better since, is not for simplified handling.
    is_simple = command.route in (None, Route.PETITION_PROCEDURE) and not any(rule[0](case) for rule in _NOT_SIMPLE)
    is_simplified = case.is_simplified and is_simple
    return (
        Accepted(
            **frame(case, command, time), category=case.category, route=command.route, is_simplified=is_simplified
        ),
    )


def _hear(case: Case, command: HearPetitioner, time: datetime, _moment: Moment) -> Decision:
    return (PetitionerHeard(**frame(case, command, time), channel=command.channel),)


def _extend(case: Case, command: ExtendHandling, time: datetime, moment: Moment) -> Decision:
    rule = moment.law.rule("D10", case.first_received_time)
    assert rule is not None
    assert case.accepted_time is not None
    if case.is_redone or not any(start.holds(case) for start in rule.starts):
        return Refusal(
            "NOTHING_TO_EXTEND",
            "the sixty days do not run here: another procedure has periods of its own, handling anew has none",
            "该事项不适用六十日办理期限:其他程序依照其期限办理,重新办理的期限法律未作规定",
            rule.article,
        )
    if problem := before_acceptance(case, time):
        return problem
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


# --- refusals that what follows acceptance shares ---------------------------------------------------------------------

NOT_AN_APPEAL = Refusal(
    "NOT_AN_APPEAL",
    "this is for appeals and requests only",
    "仅适用于申诉求决类事项",
    "Arts. 31, 33",
    "category",
    "suggestions and accusations have streams of their own, Arts. 29 and 30",
)


def before_acceptance(case: Case, time: datetime) -> Refusal | None:
    """The refusal for an act that lies before the acceptance that it follows from."""
    if case.accepted_time is not None and time < case.accepted_time:
        return before("occurred_time", "acceptance", "受理之日")
    return None


_NOT_ADDRESSED = frozenset({Phase.RETURNED, Phase.CONSULTED, Phase.ASSISTING, Phase.INFORMED})
"""Where the petition never was this agency's to answer; anywhere else a late notice is recorded as late."""

CHAPTER = Chapter(
    evolve={
        ReceiptNotified: lambda *_: {},
        SimplifiedHandlingChosen: lambda *_: {"is_simplified": True},
        Accepted: lambda _, e: {
            "phase": Phase.ACCEPTED,
            "route": e.route,
            "accepted_time": e.occurred_time,
            "is_simplified": e.is_simplified,
        },
        PetitionerHeard: lambda *_: {},
        Extended: lambda _, e: {"extended_days": e.days},
    },
    decide={
        NotifyReceipt: Decider(frozenset(Phase) - _NOT_ADDRESSED, _notify),
        ChooseSimplifiedHandling: Decider(frozenset({Phase.OPEN}), _simplify),
        AcceptPetition: Decider(frozenset({Phase.OPEN}), _accept),
        HearPetitioner: Decider(frozenset({Phase.OPEN, Phase.ACCEPTED}), _hear),
        ExtendHandling: Decider(frozenset({Phase.ACCEPTED}), _extend),
    },
)
