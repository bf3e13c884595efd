"""One petition among agencies in memory: makes the calls of a plan by the domain's own rules, with post in any order.

Post from one sender keeps its order, post of different senders overtakes; a call that awaits something is made once
that has been delivered, as the import does with real nodes.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from domain import case
from domain.case import ADDRESSED, Arrival, Case, Moment, Phase, case_id_of, decide, evolve, receive
from domain.event import Event, Happening, Refusal, Sealed
from domain.petition import Changes, PetitionFile
from domain.vocabulary import AgencyKind
from services.importer.calls import Tells
from services.importer.plan import Plan, Step
from services.kit.law import law_in_force

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LAW = law_in_force(2026)
Choose = Callable[[int], int]
"""Chooses one of so many letters to deliver next."""


class Refused(AssertionError):
    """The domain refused a call or a letter: the plan was wrong."""


class Agencies:
    """Everybody's cases on one petition, the post between them, and the file that the office keeps."""

    def __init__(self, petition_id: UUID, choose: Choose) -> None:
        self.cases: dict[str, Case] = {}
        self.office = PetitionFile(petition_id)
        self._petition_id = petition_id
        self._choose = choose
        self._post: dict[str, list[tuple[str, Event]]] = {}
        self._positions: dict[str, int] = {}

    def follow(self, plan: Plan) -> None:
        for step in plan.steps:
            while not self._may_act(step):
                if not self._deliver():
                    raise Refused(f"nothing is on its way to {step.agency}, and {step.call.name} still waits")
            self._act(step)
        while self._deliver():
            pass

    def _may_act(self, step: Step) -> bool:
        found = self.cases.get(step.agency)
        if step.awaits is Tells.NOTHING:
            return True
        if found is None:
            return False
        if step.awaits is Tells.HANDED_OFF:
            offer = found.incoming
            return found.phase is Phase.OPEN and offer is not None and offer.other_agency == step.awaited_from
        return found.phase is Phase.HANDED_OFF and found.outgoing is not None and found.outgoing.objection_open

    def _act(self, step: Step) -> None:
        command = _command(step, self._petition_id)
        decision = decide(self.cases.get(step.agency), command, Moment(NOW, LAW, NOW))
        self._record(step.agency, decision, f"{step.call.name} by {step.agency}")

    def _deliver(self) -> bool:
        senders = sorted(sender for sender, letters in self._post.items() if letters)
        if not senders:
            return False
        cause, sent = self._post[senders[self._choose(len(senders))]].pop(0)
        to: Any = sent
        arrival = Arrival(cause, to.to_agency, AgencyKind.AGENCY, NOW, NOW)
        decision = receive(self.cases.get(to.to_agency), sent, arrival)
        self._record(to.to_agency, decision, f"{type(sent).__name__} at {to.to_agency}")
        return True

    def _record(self, agency: str, decision: tuple[Event, ...] | Refusal, what: str) -> None:
        if isinstance(decision, Refusal):
            raise Refused(f"{what}: {decision.code}")
        for event in decision:
            self.cases[agency] = evolve(self.cases.get(agency), event)
            position = self._positions[agency] = self._positions.get(agency, 0) + 1
            version = self.cases[agency].version
            place = Happening(event, case_id_of(self._petition_id, agency), version, agency, position, NOW)
            self.office.apply(place, LAW, Changes())
            if type(event) in ADDRESSED:
                self._post.setdefault(agency, []).append((f"{agency}:{position}", event))


def _command(step: Step, petition_id: UUID) -> Any:
    kind = getattr(case, step.call.name)
    fields: dict[str, Any] = {
        name: _sealed(name) if name in step.call.sealed_fields else value for name, value in step.fields.items()
    }
    fields |= {"occurred_time": step.occurred_time, "provenance": step.provenance}
    if kind is case.RegisterPetition:
        materials = {name: fields.pop(name) for name in step.call.sealed_fields & fields.keys()}
        fields |= {"petition_id": petition_id, "agency": step.agency, "agency_kind": AgencyKind.AGENCY}
        fields["materials"] = materials
    if kind is case.HandOff:
        fields["handoff_id"] = uuid5(step.request_id, "handoff")
    return kind.model_validate(fields)


def _sealed(name: str) -> Sealed:
    return Sealed(origin=UUID(int=1), field=name, text="v1.AAAA")
