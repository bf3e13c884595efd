"""Other procedures: an appeal is led into one, comes back from it, or is concluded by it, Art. 31(1)-(5).

There the petition's own sixty days do not run: the procedure has periods of its own. The petitioner is told of every
such step, because the matter is out of sight of the petition department from there.
"""

from datetime import datetime
from typing import ClassVar

from domain.case.agreement import open_step
from domain.case.chapter import Chapter, Decider, Moment, frame
from domain.case.handling import NOT_AN_APPEAL, before_acceptance
from domain.case.state import Case, Phase
from domain.event import Command, Decision, Event, Reference, Refusal
from domain.vocabulary import Category, Route, ServiceMethod

# --- events -----------------------------------------------------------------------------------------------------------


class DivertedToProcedure(Event):
    """An accepted appeal was led into another procedure, Art. 31(1)-(5), and the petitioner was told how."""

    type_name: ClassVar[str] = "lianxi.case.v1.DivertedToProcedure"
    route: Route
    external_reference: Reference
    method: ServiceMethod


class ResumedFromProcedure(Event):
    """The matter came back from another procedure: a fresh acceptance on a route of Art. 31."""

    type_name: ClassVar[str] = "lianxi.case.v1.ResumedFromProcedure"
    route: Route


class ProcedureConcluded(Event):
    """The other procedure came to its result, or the protective duty was done or answered, Art. 31(1)-(5).

    The petitioner was told, with proof; `external_reference` is the number of the result where it is kept.
    """

    type_name: ClassVar[str] = "lianxi.case.v1.ProcedureConcluded"
    method: ServiceMethod
    proof: Reference
    external_reference: Reference


# --- commands ---------------------------------------------------------------------------------------------------------


class DivertToProcedure(Command):
    """Lead an accepted appeal into another procedure, Art. 31(1)-(5), and tell the petitioner."""

    route: Route
    external_reference: Reference
    method: ServiceMethod


class ResumeFromProcedure(Command):
    """Take the matter back from another procedure, on the route of Art. 31 that it now goes."""

    route: Route


class ConcludeProcedure(Command):
    """Record the result of the other procedure and that the petitioner was told, Art. 31(1)-(5)."""

    method: ServiceMethod
    proof: Reference
    external_reference: Reference


# --- decide -----------------------------------------------------------------------------------------------------------


def _divert(case: Case, command: DivertToProcedure, time: datetime, _moment: Moment) -> Decision:
    if case.category is not Category.APPEAL:
        return NOT_AN_APPEAL
    if command.route is Route.PETITION_PROCEDURE:
        return Refusal(
            "NOT_ANOTHER_PROCEDURE",
            "the petition procedure is not one that a petition is led into",
            "信访程序不属于可以导入的其他程序",
            "Art. 31(1)-(5)",
            "route",
            "name the procedure, or go on handling the petition",
        )
    if problem := before_acceptance(case, time) or open_step(case):
        return problem
    fields = command.model_dump(include={"route", "external_reference", "method"})
    return (DivertedToProcedure(**frame(case, command, time), **fields),)


def _resume(case: Case, command: ResumeFromProcedure, time: datetime, _moment: Moment) -> Decision:
    problem = before_acceptance(case, time)
    return problem or (ResumedFromProcedure(**frame(case, command, time), route=command.route),)


def _conclude(case: Case, command: ConcludeProcedure, time: datetime, _moment: Moment) -> Decision:
    if case.route in (None, Route.PETITION_PROCEDURE):
        return Refusal(
            "NO_OTHER_PROCEDURE",
            "the matter follows no other procedure that could conclude it",
            "该事项未导入其他程序",
            "Art. 31(1)-(5)",
            remedy="an appeal on the petition procedure is answered with IssueOpinion, Art. 32",
        )
    if problem := before_acceptance(case, time) or open_step(case):
        return problem
    fields = command.model_dump(include={"method", "proof", "external_reference"})
    return (ProcedureConcluded(**frame(case, command, time), **fields),)


CHAPTER = Chapter(
    evolve={
        DivertedToProcedure: lambda _, e: {"phase": Phase.DIVERTED, "route": e.route, "is_simplified": False},
        ResumedFromProcedure: lambda _, e: {
            "phase": Phase.ACCEPTED,
            "route": e.route,
            "accepted_time": e.occurred_time,
            "extended_days": 0,
            "is_redone": False,
        },
        ProcedureConcluded: lambda *_: {"phase": Phase.CONCLUDED},
    },
    decide={
        DivertToProcedure: Decider(frozenset({Phase.ACCEPTED}), _divert),
        ResumeFromProcedure: Decider(frozenset({Phase.DIVERTED}), _resume),
        ConcludeProcedure: Decider(frozenset({Phase.ACCEPTED, Phase.DIVERTED}), _conclude),
    },
)
