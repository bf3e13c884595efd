"""What a petitioner sees of the own matter, Arts. 18(1) and 21(2), and what nobody sees by its code, Art. 30(3)."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.duties import CASE_PREFIX
from domain.duty_table import RULES
from domain.event import Event, event_class, event_types
from domain.progress import STEPS, TOLD_DUTIES, Progress, progress_of
from domain.vocabulary import Category, HandoffKind, Outcome, RefusalReason, ReviewResult, ReviewStage, Route
from tests.domain.facts import (
    CITY_HOUSING,
    HOUSING,
    LABOUR,
    PETITION,
    PETITIONS,
    RECEIVED,
    accepted,
    classified,
    extended,
    handed_off,
    handoff_received,
    objection_raised,
    objection_upheld,
    on,
    opinion_issued,
    opinion_served,
    receipt_notified,
    registered,
    reported_back,
)
from tests.domain.facts_joint import help_received, help_requested
from tests.domain.facts_petitioner import (
    AT_DEPARTMENT,
    HANDED_ON,
    IN_HANDLING,
    LAW,
    OPINION_GIVEN,
    SERVED,
    happenings,
    linked,
    not_accepted,
)
from tests.domain.facts_review import ISSUED, file_received, opened, requested, review_issued, review_served
from tests.domain.facts_review import SERVED as REACHED

LATER = on("2023-04-15")


def seen(*events: Event, now: datetime = LATER) -> Progress:
    return progress_of(happenings(*events), LAW, now)


def steps(progress: Progress) -> list[tuple[str, str]]:
    return [(step.row.step, step.agency) for step in progress.steps]


# --- the trail --------------------------------------------------------------------------------------------------------


def test_art_21_2_the_petitioner_sees_each_step_with_its_date_and_agency() -> None:
    found = seen(*SERVED)
    assert steps(found) == [
        ("registered", PETITIONS),
        ("handed_on", HOUSING),
        ("received", HOUSING),
        ("notified", HOUSING),
        ("accepted", HOUSING),
        ("opinion_served", HOUSING),
    ]
    assert found.steps[0].time == RECEIVED
    assert [step.words for step in found.steps] == [
        (),
        (HandoffKind.TRANSFER,),
        (),
        (),
        (Route.PETITION_PROCEDURE,),
        (Outcome.SUPPORT,),
    ]


def test_every_step_reads_what_its_fact_says() -> None:
    facts = event_types()
    for name, row in STEPS.items():
        fields = facts[CASE_PREFIX + name].model_fields
        read = {row.agency_in, *(field for field, _ in row.words), *([row.until_in] if row.until_in else [])}
        assert read <= fields.keys(), name


def test_art_21_2_an_opinion_is_not_told_before_it_is_served() -> None:
    assert steps(seen(*OPINION_GIVEN)) == steps(seen(*IN_HANDLING))


def test_art_34_an_extension_is_told_with_the_new_date() -> None:
    last = seen(*IN_HANDLING, extended(on("2023-04-01"))).steps[-1]
    assert (last.row.step, last.until) == ("extended", on("2023-06-01").date())


def test_art_21_2_a_refusal_is_told_with_its_reason() -> None:
    found = seen(*HANDED_ON, not_accepted())
    assert (found.steps[-1].row.step, found.steps[-1].words) == ("not_accepted", (RefusalReason.OUTSIDE_POWERS,))
    assert found.holder is None
    assert found.due is None


def test_a_petition_that_came_back_is_told_of_without_what_the_agencies_said_to_each_other() -> None:
    found = seen(*HANDED_ON, objection_raised(on("2023-03-06")), objection_upheld(on("2023-03-07")))
    assert steps(found)[-1] == ("returned", PETITIONS)
    assert "objection" not in repr(found.steps)


def test_reports_links_and_numbers_of_petitioners_are_not_told() -> None:
    many = registered(petitioner_count=40, is_collective=True)
    whole = seen(many, *IN_HANDLING[1:], linked(), reported_back(on("2023-04-14")))
    assert whole == seen(*IN_HANDLING)


def test_what_an_agency_outside_the_chain_says_is_not_told() -> None:
    assert seen(*IN_HANDLING, receipt_notified(LABOUR), accepted(LABOUR)) == seen(*IN_HANDLING)


# --- who has it, what is due, what is open to the petitioner ----------------------------------------------------------


def test_who_has_it_and_what_it_owes_next() -> None:
    found = seen(*IN_HANDLING)
    assert found.holder == HOUSING
    assert found.due is not None
    assert (found.due.rule_id, found.due.due_date) == ("D10", on("2023-05-05").date())


def test_art_22_1_a_department_has_fifteen_days_to_hand_on() -> None:
    found = seen(*AT_DEPARTMENT, now=on("2023-03-02"))
    assert found.due is not None
    assert (found.holder, found.due.rule_id, found.due.due_date) == (PETITIONS, "D1", on("2023-03-16").date())


def test_art_35_the_petitioner_sees_the_own_window_until_it_lapses() -> None:
    [window] = seen(*SERVED).windows
    assert (window.rule_id, window.due_date) == ("D12", on("2023-05-12").date())
    assert seen(*SERVED, now=on("2023-05-13")).windows == ()
    assert seen(*SERVED, now=on("2023-05-13")).holder is None


def test_art_32_2_a_supported_opinion_is_still_owed_its_execution_when_the_window_is_over() -> None:
    found = seen(*SERVED, now=on("2023-06-30"))
    assert (found.holder, found.windows) == (None, ())
    assert found.due is not None
    assert (found.due.rule_id, found.due.debtor, found.due.due_date) == ("EXECUTION", HOUSING, None)


def test_what_is_told_as_due_stands_in_the_duty_table() -> None:
    assert {rule.rule_id for rule in RULES} >= TOLD_DUTIES


def test_arts_35_36_review_and_rereview_are_told_with_results_dates_and_the_next_window() -> None:
    handled = (*OPINION_GIVEN[:-1], opinion_issued(time=ISSUED), opinion_served(time=REACHED))
    asked = (*handled, requested(), opened(), file_received())
    reviewed = (*asked, review_issued(), review_served())
    found = seen(*asked, now=on("2023-04-15"))
    assert steps(found)[-1] == ("review_requested", CITY_HOUSING)
    assert (found.holder, found.windows) == (CITY_HOUSING, ())
    assert found.due is not None
    assert (found.due.rule_id, found.due.due_date) == ("D13", on("2023-05-10").date())
    found = seen(*reviewed, now=on("2023-04-30"))
    assert found.steps[-1].words == (ReviewStage.REVIEW, ReviewResult.UPHOLD)
    assert [window.rule_id for window in found.windows] == ["D14"]


def test_art_24_who_helps_the_handling_agency_is_not_told() -> None:
    helped = (*IN_HANDLING, help_requested(agency=HOUSING, to_agency=LABOUR), help_received(agency=LABOUR))
    assert seen(*helped) == seen(*IN_HANDLING)


def test_windows_of_agencies_are_not_told() -> None:
    assert seen(*HANDED_ON, now=on("2023-03-05")).windows == ()


def test_nothing_is_told_of_a_petition_that_nobody_registered() -> None:
    assert seen() == Progress()
    assert seen(handoff_received()) == Progress()


# --- accusations ------------------------------------------------------------------------------------------------------

ACCUSED = (
    registered(),
    classified(category=Category.ACCUSATION, accused_agencies=(LABOUR,)),
    handed_off(category=Category.ACCUSATION, accused_agencies=(LABOUR,)),
    handoff_received(category=Category.ACCUSATION, accused_agencies=(LABOUR,)),
    receipt_notified(),
    accepted(category=Category.ACCUSATION, route=None),
    opinion_served(),
)


def test_art_30_3_of_an_accusation_only_the_registering_agency_and_three_steps_are_told() -> None:
    found = seen(*ACCUSED)
    assert steps(found) == [("registered", PETITIONS), ("accepted", PETITIONS)]
    assert (found.due, found.windows, found.is_accusation) == (None, (), True)
    assert found.accused_agencies == {LABOUR}


@pytest.mark.parametrize("length", range(2, len(ACCUSED) + 1))
def test_art_30_3_no_other_agency_is_ever_named(length: int) -> None:
    found = seen(*ACCUSED[:length], not_accepted())
    assert {step.agency for step in found.steps} | {found.holder} <= {PETITIONS, None}
    assert not any(step.words for step in found.steps)


def test_art_30_3_what_once_was_an_accusation_is_told_of_as_one_for_good() -> None:
    found = seen(registered(), classified(category=Category.ACCUSATION), *HANDED_ON[1:])
    assert steps(found) == [("registered", PETITIONS)]


# --- whatever is on record --------------------------------------------------------------------------------------------

SAMPLES = Path(__file__).parents[1] / "frozen" / "samples"
CHAIN, OTHERS = (PETITIONS, HOUSING), ("third", "fourth")
NAMING = ("from_agency", "to_agency", "of_agency", "handler")


def recorded() -> list[Event]:
    """One fact of every released kind of a case, each with an officer, sealed texts and all that it may hold."""
    paths = SAMPLES.glob("lianxi.case.v1.*.json")
    return [event_class(path.stem).model_validate_json(path.read_text(encoding="utf-8")) for path in sorted(paths)]


POOL = [event for event in recorded() if type(event).__name__ not in ("Registered", "Classified")]


@st.composite
def roads(draw: st.DrawFn, category: Category) -> list[Event]:
    """A registered petition and then anything, said by anybody, in any order."""
    road: list[Event] = [registered(), classified(category=category)]
    for event in draw(st.lists(st.sampled_from(POOL), max_size=12)):
        agencies = st.sampled_from((*CHAIN, *OTHERS))
        names = {name: draw(agencies) for name in ("agency", *NAMING) if name in type(event).model_fields}
        time = RECEIVED + timedelta(hours=draw(st.integers(0, 5000)))
        road.append(event.model_copy(update={"petition_id": PETITION, "occurred_time": time, **names}))
    return road


@given(roads(Category.ACCUSATION))
def test_art_30_3_whatever_is_on_record_an_accusation_names_only_who_registered_it(road: list[Event]) -> None:
    found = seen(*road)
    assert {step.agency for step in found.steps} | {found.holder} <= {PETITIONS, None}
    assert {step.row.step for step in found.steps} <= {"registered", "accepted", "not_accepted", "concluded"}
    assert not any(step.words or step.until for step in found.steps)
    assert (found.due, found.windows) == (None, ())


@given(roads(Category.APPEAL))
def test_whatever_is_on_record_no_sealed_text_officer_reference_or_other_petition_is_told(road: list[Event]) -> None:
    told = repr([(step.row.step, step.agency, step.words, step.until) for step in seen(*road).steps])
    hidden = {str(value) for event in road for name, value in event if name in ("officer", "approver", "official")}
    hidden |= {str(value) for event in road for name, value in event if name.endswith(("_id", "reference", "proof"))}
    assert not [text for text in hidden - {"None"} if text in told]
    assert "v1." not in told
