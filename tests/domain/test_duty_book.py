"""The ledger of one case: each duty opened, met, late, released, moved, lapsed or breached, and why."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.case import NotAccepted
from domain.duties import Duty, DutyBook, Status
from domain.event import Event, Happening
from domain.vocabulary import HandoffKind, RefusalReason
from services.kit.law import law_in_force
from tests.domain.facts import (
    HOUSING,
    JUST_BEFORE,
    LABOUR,
    OFFICE,
    PETITION,
    PETITIONS,
    RECEIVED,
    SECOND,
    accepted,
    classified,
    handed_off,
    handoff_confirmed,
    handoff_received,
    objection_answered,
    objection_raised,
    objection_received,
    objection_rejected,
    objection_upheld,
    on,
    receipt_notified,
    registered,
    reported_back,
    sealed,
)
from tests.domain.ledger import CASE, LATER, OF_2005, book_of, duties_after, open_after


def declined(agency: str, time: datetime) -> NotAccepted:
    fields: dict[str, Any] = {"reason": RefusalReason.OUTSIDE_POWERS, "explanation": sealed()}
    return NotAccepted(petition_id=PETITION, agency=agency, occurred_time=time, **fields)


IN_TIME, TOO_LATE = on("2023-03-17", "00:00") + JUST_BEFORE, on("2023-03-17", "00:00")
ASSIGNED = handoff_received(kind=HandoffKind.ASSIGNMENT, report_due_date=on("2023-04-01").date())


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (registered(PETITIONS), {"D1": "2023-03-16"}),
        (registered(HOUSING), {"D3": "2023-03-16", "D4-ACCEPTANCE": None}),
        (registered(HOUSING, reply_address_known=False), {"D4-ACCEPTANCE": None}),
        (registered(OFFICE), {"D7": None}),
        (handoff_received(PETITIONS, HOUSING), {"D1": "2023-03-16"}),
        (handoff_received(), {"D4": "2023-03-16", "D4-ACCEPTANCE": None, "D5": "2023-03-08"}),
        (ASSIGNED, {"D2": "2023-04-01", "D4": "2023-03-16", "D4-ACCEPTANCE": None, "D5": "2023-03-08"}),
        (handoff_received(kind=HandoffKind.REFERRAL), {"D6": None}),
        (handoff_received(OFFICE), {"D7": None}),
    ],
)
def test_what_a_receipt_makes_an_agency_owe(event: Event, expected: dict[str, str | None]) -> None:
    assert open_after(event) == expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (registered(PETITIONS, OF_2005), {"D1": "2022-05-15"}),
        (registered(HOUSING, OF_2005), {"D3": "2022-05-15"}),
        (registered(HOUSING, OF_2005, reply_address_known=False), {"D3-ACCEPTANCE": None}),
        (registered(OFFICE, OF_2005), {"D7": None}),
        (handoff_received(time=OF_2005, first_received_time=OF_2005), {"D4": "2022-05-15"}),
        (handoff_received(time=RECEIVED, first_received_time=OF_2005), {"D4": "2023-03-16"}),
        (handoff_received(first_received_time=OF_2005, kind=HandoffKind.REFERRAL), {"D6": None}),
    ],
)
def test_what_it_makes_it_owe_under_the_2005_regulations(event: Event, expected: dict[str, str | None]) -> None:
    assert open_after(event) == expected


def test_a_duty_carries_everything_its_date_rests_on() -> None:
    duty = duties_after(registered(HOUSING))["D3"]
    assert duty == Duty(
        duty_id=f"{CASE}/D3/1",
        rule_id="D3",
        rule_version="2022",
        article="Art. 23(2)",
        nature="duty",
        petition_id=PETITION,
        case_id=CASE,
        debtor=HOUSING,
        opened_time=RECEIVED,
        start_date=on("2023-03-01").date(),
        due_date=on("2023-03-16").date(),
        due_time=on("2023-03-17", "00:00"),
        due_state="final",
        calendar_version=law_in_force().version,
        arithmetic=(
            "Art. 23(2): start 2023-03-01 (Wed), not counted; + 15 calendar days = 2023-03-16 (Thu); "
            "ends at 24:00 of 2023-03-16, Asia/Shanghai"
        ),
    )


DATED: dict[str, tuple[tuple[Event, ...], Callable[..., Event]]] = {
    "D1": ((registered(),), handed_off),
    "D1 by acceptance": ((registered(),), accepted),
    "D3": ((registered(HOUSING),), receipt_notified),
    "D4": ((handoff_received(),), receipt_notified),
    "D3 of 2005": ((registered(HOUSING, on("2022-03-01")),), accepted),
    "D4 of 2005": ((handoff_received(first_received_time=on("2022-03-01")),), accepted),
}


@pytest.mark.parametrize("name", [name for name in DATED if name != "D3 of 2005"])
def test_a_duty_met_to_the_last_instant_is_met_and_after_it_late(name: str) -> None:
    given, ending = DATED[name]
    rule_id = name[:2]
    met = duties_after(*given, ending(time=IN_TIME))[rule_id]
    late = duties_after(*given, ending(time=TOO_LATE))[rule_id]
    assert (met.status(LATER), late.status(LATER)) == (Status.MET, Status.LATE)
    assert met.met_recorded_time == IN_TIME + timedelta(hours=1)


@pytest.mark.parametrize("name", DATED)
def test_an_unmet_duty_is_open_to_its_last_instant_and_then_breached(name: str) -> None:
    duty = duties_after(*DATED[name][0])[name[:2]]
    assert duty.due_time is not None
    assert duty.status(duty.due_time + JUST_BEFORE) is Status.OPEN
    assert duty.status(duty.due_time) is Status.BREACHED


@pytest.mark.parametrize("rule_id", ["D1", "D4", "D4-ACCEPTANCE"])
def test_declining_meets_what_was_owed(rule_id: str) -> None:
    given = registered() if rule_id == "D1" else handoff_received()
    assert duties_after(given, declined(given.agency, IN_TIME))[rule_id].status(LATER) is Status.MET


def test_a_duty_without_a_figure_is_never_breached() -> None:
    duty = duties_after(registered(HOUSING))["D4-ACCEPTANCE"]
    assert duty.arithmetic == "Art. 44(3): no figure in law"
    assert (duty.due_date, duty.status(LATER)) == (None, Status.OPEN)


def test_a_handoff_is_owed_to_its_receiver_until_it_arrives() -> None:
    given = (registered(), classified(), handed_off())
    assert open_after(*given) == {"D1-DELIVERY": None}
    assert open_after(*given, handoff_confirmed()) == {}


def test_only_the_confirmed_handoff_counts_as_delivered() -> None:
    twice = (registered(), classified(), handed_off(), handed_off(handoff_id=SECOND))
    deliveries = [duty for duty in book_of((*twice, handoff_confirmed())).duties.values() if duty.handoff_id]
    assert [duty.is_open for duty in deliveries] == [False, True]


def test_art_22_1_3_a_report_is_due_on_the_day_that_the_assignment_names() -> None:
    late = duties_after(ASSIGNED, reported_back(on("2023-04-02", "00:00")))["D2"]
    met = duties_after(ASSIGNED, reported_back(on("2023-04-02", "00:00") + JUST_BEFORE))["D2"]
    assert (met.status(LATER), late.status(LATER)) == (Status.MET, Status.LATE)
    assert "names 2023-04-01" in met.arithmetic


def test_art_23_3_the_window_to_object_lapses_and_is_no_breach() -> None:
    window = duties_after(handoff_received())["D5"]
    assert window.nature == "window"
    assert window.status(on("2023-03-09", "00:00") + JUST_BEFORE) is Status.OPEN
    assert window.status(on("2023-03-09", "00:00")) is Status.LAPSED


def test_whoever_tells_the_petitioner_has_given_up_objecting() -> None:
    window = duties_after(handoff_received(), receipt_notified())["D5"]
    assert window.status(LATER) is Status.RELEASED


def test_a_late_objection_shows_as_late() -> None:
    window = duties_after(handoff_received(), objection_raised(on("2023-03-09", "00:00"), late=True))["D5"]
    assert window.status(LATER) is Status.LATE


def test_while_an_objection_waits_the_objectors_duties_keep_running() -> None:
    assert open_after(ASSIGNED, objection_raised()) == {"D2": "2023-04-01", "D4": "2023-03-16", "D4-ACCEPTANCE": None}


def test_an_upheld_objection_releases_the_objector_from_everything() -> None:
    given = (ASSIGNED, objection_raised())
    duties = duties_after(*given, objection_answered(upheld=True))
    assert not [duty for duty in duties.values() if duty.is_open]
    assert {duties[rule_id].status(LATER) for rule_id in ("D2", "D4", "D4-ACCEPTANCE")} == {Status.RELEASED}


def test_a_rejected_objection_releases_nobody() -> None:
    given = (ASSIGNED, objection_raised())
    assert open_after(*given, objection_answered(upheld=False)) == open_after(*given)


OFFERED = (registered(), classified(), handed_off(), handoff_confirmed(), objection_received())


def test_the_sender_owes_a_ruling_without_a_figure() -> None:
    assert open_after(*OFFERED) == {"D5-RULING": None}
    assert open_after(*OFFERED, objection_rejected()) == {}


def test_after_a_return_the_fifteen_days_run_from_their_first_start() -> None:
    first, *_, reopened = (duty for duty in book_of((*OFFERED, objection_upheld())).duties.values())
    assert (first.rule_id, reopened.rule_id) == ("D1", "D1")
    assert (reopened.opened_time, reopened.due_date) == (first.opened_time, first.due_date)
    assert reopened.duty_id != first.duty_id
    assert reopened.is_open
    assert not first.is_open


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (registered(HOUSING), {"D3": "2023-03-16", "D4-ACCEPTANCE": None}),
        (registered(HOUSING, OF_2005), {"D3": "2022-05-15"}),
        (registered(HOUSING, OF_2005, reply_address_known=False), {"D3-ACCEPTANCE": None}),
        (handoff_received(first_received_time=OF_2005), {"D4": "2023-03-16"}),
        (handoff_received(kind=HandoffKind.REFERRAL), {"D6": None}),
        (registered(OFFICE), {"D7": None}),
    ],
)
def test_whoever_takes_a_petition_back_owes_what_it_owed_before(given: Event, expected: dict[str, str | None]) -> None:
    agency = given.agency
    returned = (
        handed_off(agency, LABOUR, SECOND),
        handoff_confirmed(agency=agency, handoff_id=SECOND),
        objection_received(agency=agency, handoff_id=SECOND),
        objection_upheld(agency=agency, handoff_id=SECOND),
    )
    assert open_after(given, *returned) == expected


def test_the_return_of_a_later_handoff_leaves_the_duties_of_the_earlier_one() -> None:
    came_round = handoff_received(HOUSING, LABOUR, SECOND, on("2023-03-06"))
    given = (
        ASSIGNED,
        came_round,
        objection_raised(handoff_id=SECOND),
        objection_answered(upheld=True, handoff_id=SECOND),
    )
    assert open_after(*given) == {"D2": "2023-04-01", "D4": "2023-03-16", "D4-ACCEPTANCE": None, "D5": "2023-03-08"}


def test_of_2005_passing_on_after_the_fifteen_days_is_late_not_released() -> None:
    given = handoff_received(first_received_time=OF_2005)
    assert duties_after(given, handed_off(HOUSING, LABOUR, SECOND, TOO_LATE))["D4"].status(LATER) is Status.LATE


def test_a_book_reports_what_each_fact_changed() -> None:
    book = DutyBook(CASE)
    law = law_in_force(2026)
    opened = book.apply(Happening(handoff_received(), CASE, 1, "node", 1, RECEIVED), law)
    changed = book.apply(Happening(receipt_notified(), CASE, 2, "node", 2, RECEIVED), law)
    untouched = book.apply(Happening(classified(HOUSING), CASE, 3, "node", 3, RECEIVED), law)
    assert [duty.rule_id for duty in opened] == ["D4", "D4-ACCEPTANCE", "D5"]
    assert [duty.rule_id for duty in changed] == ["D4", "D5"]
    assert untouched == []
