"""To whom each stretch of a petition's life is charged, from receipt to end (I1 and I2 told as a story)."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from domain.case import NotAccepted
from domain.custody import Custody
from domain.event import Event
from domain.vocabulary import RefusalReason
from tests.domain.facts import (
    HOUSING,
    PETITION,
    accepted,
    handed_off,
    handoff_received,
    objection_raised,
    objection_rejected,
    objection_upheld,
    on,
    opinion_served,
    registered,
    sealed,
)

WINDOW_ENDS = on("2023-04-10")


def custody_of(*events: Event) -> Custody:
    custody = Custody()
    for event in events:
        name = event.type_name.rsplit(".", 1)[1]
        custody.apply(name, event, WINDOW_ENDS if name == "OpinionServed" else None)
    return custody


def told(custody: Custody) -> list[tuple[str, str, str]]:
    return [(segment.kind.value, segment.custodian, segment.charged_to) for segment in custody.segments]


def day(number: int) -> datetime:
    return on(f"2023-03-{number:02}")


ON_THE_WAY = (registered(), handed_off(time=day(3)))
DISPUTED = (*ON_THE_WAY, handoff_received(time=day(4)), objection_raised(day(6)))


def test_an_offered_petition_stays_with_its_sender_until_it_arrives() -> None:
    assert told(custody_of(*ON_THE_WAY)) == [
        ("unaccepted", "petitions", "petitions"),
        ("offered", "petitions", "petitions"),
    ]


def test_the_objector_holds_a_disputed_petition_and_the_sender_is_charged() -> None:
    assert told(custody_of(*DISPUTED))[-1] == ("disputed", "housing", "petitions")


def test_an_upheld_objection_brings_the_petition_back_to_its_sender() -> None:
    assert told(custody_of(*DISPUTED, objection_upheld(day(8))))[-1] == ("unaccepted", "petitions", "petitions")


def test_a_rejected_objection_leaves_the_petition_with_the_objector() -> None:
    assert told(custody_of(*DISPUTED, objection_rejected(day(8))))[-1] == ("unaccepted", "housing", "housing")


def test_after_service_the_petitioners_own_window_is_charged_to_nobody() -> None:
    custody = custody_of(
        *ON_THE_WAY, handoff_received(time=day(4)), accepted(time=day(9)), opinion_served(time=day(11))
    )
    assert told(custody)[-2:] == [("handling", "housing", "housing"), ("petitioner_window", "housing", "petitioner")]
    assert custody.ended_time == WINDOW_ENDS


def test_a_declined_petition_has_ended() -> None:
    declined = NotAccepted(
        petition_id=PETITION,
        agency=HOUSING,
        occurred_time=day(9),
        reason=RefusalReason.OUTSIDE_POWERS,
        explanation=sealed(),
    )
    custody = custody_of(*ON_THE_WAY, handoff_received(time=day(4)), declined)
    assert custody.ended_time == day(9)
    assert custody.segments[-1].to_time == day(9)


@pytest.mark.parametrize("error", [timedelta(0), timedelta(minutes=-4), timedelta(minutes=4)])
def test_segments_touch_though_clocks_disagree(error: timedelta) -> None:
    custody = custody_of(
        *ON_THE_WAY, handoff_received(time=day(3) + error), accepted(time=day(3) + timedelta(minutes=1))
    )
    times = [(segment.from_time, segment.to_time) for segment in custody.segments]
    assert all(earlier[1] == later[0] for earlier, later in pairwise(times))
    assert all(end is None or begin <= end for begin, end in times)


def test_a_second_registration_elsewhere_takes_nothing_and_what_follows_from_it_takes_nothing() -> None:
    rightful = [registered(), handed_off(), handoff_received(), accepted()]
    intruder = "another-bureau"
    intruding = [
        registered().model_copy(update={"agency": intruder}),
        handed_off().model_copy(update={"agency": intruder, "to_agency": HOUSING}),
        accepted().model_copy(update={"agency": intruder}),
    ]
    custody = custody_of(*rightful, *intruding)
    assert told(custody) == told(custody_of(*rightful))
    assert intruder not in custody.parties
