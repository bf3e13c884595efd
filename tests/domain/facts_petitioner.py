"""The facts of one petition over all its agencies, in the order of the bus, for what its petitioner sees and says."""

from uuid import UUID

from domain.case import Linked, NotAccepted
from domain.duties import CASE_PREFIX
from domain.event import Event, Happening
from domain.law import Law
from domain.petition import Changes, PetitionFile
from domain.vocabulary import HandoffKind, LinkKind, Organ, RefusalReason
from services.kit.law import law_in_force
from tests.domain.facts import (
    HOUSING,
    NOW,
    PETITION,
    accepted,
    classified,
    handed_off,
    handoff_received,
    on,
    opinion_issued,
    opinion_served,
    receipt_notified,
    registered,
    sealed,
)

LAW: Law = law_in_force()
AT_DEPARTMENT: tuple[Event, ...] = (registered(), classified())
HANDED_ON: tuple[Event, ...] = (*AT_DEPARTMENT, handed_off(), handoff_received(time=on("2023-03-04")))
IN_HANDLING: tuple[Event, ...] = (
    *HANDED_ON,
    receipt_notified(time=on("2023-03-05")),
    accepted(time=on("2023-03-06")),
)
OPINION_GIVEN: tuple[Event, ...] = (*IN_HANDLING, opinion_issued(time=on("2023-04-10")))
SERVED: tuple[Event, ...] = (*OPINION_GIVEN, opinion_served(time=on("2023-04-12")))
REFERRED: tuple[Event, ...] = (*AT_DEPARTMENT, handed_off(kind=HandoffKind.REFERRAL))


def linked(link: LinkKind = LinkKind.REPEAT) -> Linked:
    return Linked(petition_id=PETITION, agency="petitions", occurred_time=NOW, link=link, to_petition_id=UUID(int=77))


def not_accepted(agency: str = HOUSING, directed_to: Organ | None = None) -> NotAccepted:
    return NotAccepted(
        petition_id=PETITION,
        agency=agency,
        occurred_time=on("2023-03-07"),
        reason=RefusalReason.OUTSIDE_POWERS,
        explanation=sealed(),
        directed_to=directed_to,
    )


def happenings(*events: Event) -> list[Happening]:
    """The facts with the place that their agencies' logs gave them."""
    cases: dict[str, UUID] = {}
    found = []
    for number, event in enumerate(events, 1):
        is_of_a_case = event.type_name.startswith(CASE_PREFIX)
        case_id = cases.setdefault(event.agency if is_of_a_case else event.type_name, UUID(int=1000 + len(cases)))
        found.append(Happening(event, case_id, number, f"node-{event.agency}", number, event.occurred_time))
    return found


def file_of(*events: Event) -> PetitionFile:
    file = PetitionFile(PETITION)
    for happening in happenings(*events):
        file.apply(happening, LAW, Changes())
    return file
