"""Recusal, Art. 28(3): an official with a direct interest in the matter or the petitioner does not work on it.

Who decides is not stated in the Regulations, so the fact names who did. The guard itself stands in `aggregate`: it
holds for every command on the case.
"""

from datetime import datetime
from typing import ClassVar

from domain.case.chapter import Chapter, Decider, Moment, frame
from domain.case.state import Case, Phase
from domain.event import Command, Decision, Event, Reference, Refusal, Sealed

# --- events -----------------------------------------------------------------------------------------------------------


class RecusalRequested(Event):
    """Somebody asked that an official be kept from the case, or the official asked it."""

    type_name: ClassVar[str] = "lianxi.case.v1.RecusalRequested"
    official: Reference
    reason: Sealed


class RecusalDecided(Event):
    """It was decided whether the official is kept from the case, by somebody else than that official."""

    type_name: ClassVar[str] = "lianxi.case.v1.RecusalDecided"
    official: Reference
    recused: bool
    decided_by: Reference


# --- commands ---------------------------------------------------------------------------------------------------------


class RequestRecusal(Command):
    """Ask that an official be kept from the case."""

    official: Reference
    reason: Sealed


class DecideRecusal(Command):
    """Decide on a request for recusal, or recuse without one."""

    official: Reference
    recused: bool
    decided_by: Reference


# --- decide -----------------------------------------------------------------------------------------------------------


def _request(case: Case, command: RequestRecusal, time: datetime, _moment: Moment) -> Decision:
    return (RecusalRequested(**frame(case, command, time), official=command.official, reason=command.reason),)


def _decide(case: Case, command: DecideRecusal, time: datetime, _moment: Moment) -> Decision:
    if command.decided_by in (case.recused | {command.official}):
        return Refusal(
            "RECUSAL_DECIDED_BY_ONESELF",
            "whoever is to be recused, or was, does not decide on a recusal",
            "被申请回避人员不得自行决定回避",
            "Art. 28(3)",
            "decided_by",
            "let the head of the unit decide; on the head, the unit above",
        )
    fields = command.model_dump(include={"official", "recused", "decided_by"})
    return (RecusalDecided(**frame(case, command, time), **fields),)


def _decided(case: Case, event: RecusalDecided) -> dict[str, frozenset[str]]:
    one = frozenset({event.official})
    return {
        "recused": case.recused | one if event.recused else case.recused - one,
        "recusals_asked": case.recusals_asked - one,
    }


CHAPTER = Chapter(
    evolve={
        RecusalRequested: lambda case, e: {"recusals_asked": case.recusals_asked | {e.official}},
        RecusalDecided: _decided,
    },
    decide={
        RequestRecusal: Decider(frozenset(Phase), _request),
        DecideRecusal: Decider(frozenset(Phase), _decide),
    },
)
