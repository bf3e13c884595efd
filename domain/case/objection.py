"""Objection (异议), Art. 23(3): a receiver says that a matter is not within its powers; the sender verifies and rules.

Where the sender agrees, the materials and the custody go back to it; where it does not, the petition stays. A late
objection is recorded as late, never refused.
"""

from dataclasses import replace
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from domain.case.chapter import REACHES_ACCUSED, Chapter, Decider, Moment, Reception, frame, reaches_accused
from domain.case.destination import JURISDICTION_DECIDED, SUCCESSION_STANDS, has_ruling
from domain.case.offers import is_known, outgoing
from domain.case.state import NOT_HELD, Case, Holding, Phase, RecordId
from domain.event import AgencyId, Command, Decision, Event, Refusal, Sealed
from domain.vocabulary import HandoffKind, ObjectionReason

# --- events -----------------------------------------------------------------------------------------------------------


class ObjectionRaised(Event):
    """The receiver says that the matter is not within its powers, with a typed reason, Art. 23(3)."""

    type_name: ClassVar[str] = "lianxi.case.v1.ObjectionRaised"
    handoff_id: UUID
    to_agency: AgencyId
    reason: ObjectionReason
    explanation: Sealed
    due_date: date | None
    late: bool


class ObjectionReceived(Event):
    """The objection arrived at the sender, who now has to verify and rule on it."""

    type_name: ClassVar[str] = "lianxi.case.v1.ObjectionReceived"
    handoff_id: UUID
    from_agency: AgencyId
    reason: ObjectionReason
    explanation: Sealed
    late: bool
    cause: RecordId


class ObjectionUpheld(Event):
    """The sender verified and agreed; the materials are handed back and custody returns to it, Art. 23(3)."""

    type_name: ClassVar[str] = "lianxi.case.v1.ObjectionUpheld"
    handoff_id: UUID
    to_agency: AgencyId
    explanation: Sealed | None = None


class ObjectionRejected(Event):
    """The sender did not agree; the petition stays with the receiver."""

    type_name: ClassVar[str] = "lianxi.case.v1.ObjectionRejected"
    handoff_id: UUID
    to_agency: AgencyId
    explanation: Sealed | None = None


class ObjectionAnswered(Event):
    """The sender's ruling arrived at the objector."""

    type_name: ClassVar[str] = "lianxi.case.v1.ObjectionAnswered"
    handoff_id: UUID
    upheld: bool
    ruled_time: AwareDatetime
    explanation: Sealed | None = None
    cause: RecordId


# --- evolve -----------------------------------------------------------------------------------------------------------


def _objected_to(case: Case, event: ObjectionReceived) -> dict[str, Any]:
    changes = outgoing(objection_open=True)(case, event)
    earlier: tuple[Holding, ...] = changes["earlier"]
    offered = [number for number, held in enumerate(earlier) if held.outgoing and held.outgoing.objection_open]
    if case.phase not in NOT_HELD or not offered:
        return changes
    # Somebody asked for a review too early: nobody handles the petition yet, and here it is ruled who does.
    number = offered[-1]
    return {**_held_again(earlier[number]), "earlier": earlier[:number], "review": None}


def _held_again(held: Holding) -> dict[str, Any]:
    return {name: getattr(held, name) for name in ("phase", "received_time", "incoming", "outgoing")}


def _answered(case: Case, event: Any) -> dict[str, Any]:
    if case.incoming is None or case.incoming.handoff_id != event.handoff_id:
        # The petition came round again before the answer did: what was given back is over, the present holding stays.
        return {"earlier": _without(case.earlier, event.handoff_id)} if event.upheld else {}
    if case.phase is not Phase.OBJECTED:
        return {}
    if not event.upheld:
        return {"phase": Phase.OPEN}
    if not case.earlier:
        return {"phase": Phase.RETURNED}
    *earlier, last = case.earlier
    return {**_held_again(last), "earlier": tuple(earlier)}


def _without(holdings: tuple[Holding, ...], handoff_id: UUID) -> tuple[Holding, ...]:
    return tuple(held for held in holdings if held.incoming is None or held.incoming.handoff_id != handoff_id)


# --- commands ---------------------------------------------------------------------------------------------------------


class RaiseObjection(Command):
    """Object to a hand-off: the matter is not within this agency's powers, Art. 23(3)."""

    reason: ObjectionReason
    explanation: Sealed


class RuleOnObjection(Command):
    """Rule on the pending objection: uphold it and take the petition back, or reject it."""

    uphold: bool
    explanation: Sealed | None = None


# --- decide -----------------------------------------------------------------------------------------------------------


def _object(case: Case, command: RaiseObjection, time: datetime, moment: Moment) -> Decision:
    if case.incoming is None:
        return Refusal(
            "NOTHING_TO_OBJECT_TO",
            "only a petition that was handed to this agency can be objected to",
            "仅对转送、交办的信访事项可以提出异议",
            "Art. 23(3)",
        )
    if has_ruling(case):
        return JURISDICTION_DECIDED
    if case.incoming.kind is HandoffKind.SUCCESSION:
        return SUCCESSION_STANDS
    if reaches_accused(case, case.incoming.other_agency, moment.agencies):
        return REACHES_ACCUSED
    rule = moment.law.rule("D5", case.first_received_time)
    due = moment.law.due_of(rule, case.received_time) if rule else None
    return (
        ObjectionRaised(
            **frame(case, command, time),
            handoff_id=case.incoming.handoff_id,
            to_agency=case.incoming.other_agency,
            reason=command.reason,
            explanation=command.explanation,
            due_date=due.due_date if due else None,
            late=due is not None and time >= due.due_time,
        ),
    )


def _rule(case: Case, command: RuleOnObjection, time: datetime, moment: Moment) -> Decision:
    if case.outgoing is None or not case.outgoing.objection_open:
        return Refusal(
            "NO_OBJECTION_PENDING",
            "no objection to a hand-off of this case waits for a ruling",
            "没有待核实的异议",
            "Art. 23(3)",
        )
    tells_or_leaves = command.explanation is not None or not command.uphold
    if tells_or_leaves and reaches_accused(case, case.outgoing.other_agency, moment.agencies):
        # The directory learnt since that the receiver is under the accused: it gives the petition back, told nothing.
        return replace(REACHES_ACCUSED, field="uphold", remedy="uphold the objection without an explanation")
    ruling = ObjectionUpheld if command.uphold else ObjectionRejected
    return (
        ruling(
            **frame(case, command, time),
            handoff_id=case.outgoing.handoff_id,
            to_agency=case.outgoing.other_agency,
            explanation=command.explanation,
        ),
    )


# --- receive ----------------------------------------------------------------------------------------------------------


def _from_receiver(case: Case, sent: Any) -> bool:
    return is_known((held.outgoing for held in case.holdings), sent)


def _from_sender(case: Case, sent: Any) -> bool:
    return is_known((held.incoming for held in case.holdings), sent)


def _learn_ruling(sent: ObjectionUpheld | ObjectionRejected, frame: dict[str, Any], *_: Any) -> Event:
    return ObjectionAnswered(
        **frame,
        handoff_id=sent.handoff_id,
        upheld=isinstance(sent, ObjectionUpheld),
        ruled_time=sent.occurred_time,
        explanation=sent.explanation,
    )


CHAPTER = Chapter(
    evolve={
        ObjectionRaised: lambda *_: {"phase": Phase.OBJECTED},
        ObjectionReceived: _objected_to,
        ObjectionUpheld: lambda *_: {"phase": Phase.OPEN, "outgoing": None},
        ObjectionRejected: outgoing(objection_open=False),
        ObjectionAnswered: _answered,
    },
    decide={
        RaiseObjection: Decider(frozenset({Phase.OPEN}), _object),
        RuleOnObjection: Decider(frozenset({Phase.HANDED_OFF}), _rule),
    },
    receive={
        ObjectionRaised: Reception(
            lambda sent, frame, *_: ObjectionReceived(
                **frame,
                handoff_id=sent.handoff_id,
                from_agency=sent.agency,
                reason=sent.reason,
                explanation=sent.explanation,
                late=sent.late,
            ),
            stands=_from_receiver,
        ),
        ObjectionUpheld: Reception(_learn_ruling, stands=_from_sender),
        ObjectionRejected: Reception(_learn_ruling, stands=_from_sender),
    },
)
