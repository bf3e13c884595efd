"""Standing by: how an agency comes to know a petition that it does not hold, Arts. 24(1) and 25(1).

Whoever is consulted, asked to help or informed gets the materials with the same protection as a holder: the accused
agencies come along, so that an accusation goes no further to them. It never gets custody this way: only a hand-off
gives that.
"""

from dataclasses import replace
from typing import Any

from pydantic import AwareDatetime

from domain.case.state import NO_MATERIALS, Case, Materials, Phase
from domain.event import AgencyId, Event
from domain.vocabulary import AgencyKind, Category


class Shared(Event):
    """A fact that shows the petition to another agency; what it shows is for that agency's task alone.

    The matter is classified before: who is accused must be known before anything is shown to anybody, Art. 30(3).
    """

    first_received_time: AwareDatetime
    category: Category
    accused_agencies: tuple[AgencyId, ...] = ()
    materials: Materials = NO_MATERIALS


class SharedWith(Shared):
    """The arrival of such a fact; the first of them opens the agency's case."""

    from_agency: AgencyId
    agency_kind: AgencyKind


def shared(case: Case) -> dict[str, Any]:
    """The fields by which a case is shown to another agency."""
    return {
        "first_received_time": case.first_received_time,
        "category": case.category,
        "accused_agencies": case.accused_agencies,
        "materials": case.materials,
    }


def shown(sent: Shared, kind: AgencyKind) -> dict[str, Any]:
    """The fields with which what was shown arrives."""
    fields = {name: getattr(sent, name) for name in Shared.model_fields.keys() - Event.model_fields.keys()}
    return {**fields, "from_agency": sent.agency, "agency_kind": kind}


def stand_by(case: Case | None, event: SharedWith, phase: Phase) -> Case:
    """Return the case of who was shown the petition: a new one in that phase, or its own, whose work goes on.

    Only who has no work on the petition, or a lesser one, comes into the phase.
    """
    if case is None:
        return Case(
            event.petition_id,
            event.agency,
            event.agency_kind,
            first_received_time=event.first_received_time,
            received_time=event.occurred_time,
            phase=phase,
            category=event.category,
            accused_agencies=event.accused_agencies,
            materials=event.materials,
        )
    accused = tuple(dict.fromkeys((*case.accused_agencies, *event.accused_agencies)))
    known = replace(
        case,
        category=case.category or event.category,
        accused_agencies=accused,
        materials=event.materials if case.materials == NO_MATERIALS else case.materials,
    )
    if case.phase not in _WAITING or _WAITING.index(case.phase) >= _WAITING.index(phase):
        return known
    return replace(known, phase=phase, incoming=None, outgoing=None)


_WAITING = (Phase.RETURNED, Phase.INFORMED, Phase.CONSULTED, Phase.ASSISTING)
"""The phases of who does not hold the petition and has no result of its own; a later one outranks an earlier one."""
