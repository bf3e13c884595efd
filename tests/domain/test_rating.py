"""Ratings by the petitioner, Art. 21(2), 国信发〔2022〕11号: who is rated, when, once; figures that tell of nobody."""

from collections import defaultdict
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.case import DivertedToProcedure, ResumedFromProcedure
from domain.event import Event, Refusal
from domain.rating import NOT_SHOWN, SMALL_COUNT_BELOW, Figures, RatingGiven, decide, publishable, rating_id_of
from domain.vocabulary import Category, LinkKind, Organ, RatedRole, Route, Satisfaction, ServiceMethod
from tests.domain.facts import (
    HOUSING,
    NOW,
    OFFICE,
    PETITION,
    PETITIONS,
    accepted,
    classified,
    opinion_served,
    registered,
)
from tests.domain.facts_petitioner import (
    AT_DEPARTMENT,
    HANDED_ON,
    IN_HANDLING,
    OPINION_GIVEN,
    REFERRED,
    SERVED,
    file_of,
    linked,
    not_accepted,
)

DEPARTMENT, HANDLER = RatedRole.PETITION_DEPARTMENT, RatedRole.HANDLING_AGENCY
FRAME: dict[str, Any] = {"petition_id": PETITION, "agency": OFFICE, "occurred_time": NOW}


def rating(rated: RatedRole, agency: str, satisfaction: Satisfaction = Satisfaction.SATISFIED) -> RatingGiven:
    return RatingGiven(
        petition_id=PETITION,
        agency=OFFICE,
        occurred_time=NOW,
        rated=rated,
        rated_agency=agency,
        satisfaction=satisfaction,
    )


def answer(past: tuple[Event, ...], rated: RatedRole) -> tuple[Event, ...] | str:
    decision = decide(file_of(*past).ratings, rated, Satisfaction.SATISFIED, **FRAME)
    return decision.code if isinstance(decision, Refusal) else decision


# --- when -------------------------------------------------------------------------------------------------------------


def test_art_21_2_the_department_is_rated_once_it_handed_the_matter_on() -> None:
    assert answer(AT_DEPARTMENT, DEPARTMENT) == "RATING_TOO_EARLY"
    assert answer(HANDED_ON, DEPARTMENT) == (rating(DEPARTMENT, PETITIONS),)


def test_art_21_2_a_department_that_accepts_the_matter_itself_is_rated_then() -> None:
    assert answer((*AT_DEPARTMENT, accepted(PETITIONS)), DEPARTMENT) == (rating(DEPARTMENT, PETITIONS),)


def test_art_21_2_the_handling_agency_is_rated_once_the_opinion_is_served() -> None:
    for past in (AT_DEPARTMENT, HANDED_ON, IN_HANDLING, OPINION_GIVEN):
        assert answer(past, HANDLER) == "RATING_TOO_EARLY"
    assert answer(SERVED, HANDLER) == (rating(HANDLER, HOUSING),)


def test_art_21_2_a_matter_that_no_department_registered_has_no_department_to_rate() -> None:
    directly = (registered(HOUSING), classified(HOUSING), accepted(HOUSING), opinion_served())
    assert answer(directly, DEPARTMENT) == "RATING_TOO_EARLY"
    assert answer(directly, HANDLER) == (rating(HANDLER, HOUSING),)


def test_art_21_2_an_agency_outside_the_petitions_chain_is_never_rated() -> None:
    assert answer((*IN_HANDLING, opinion_served("labour")), HANDLER) == "RATING_TOO_EARLY"


# --- once -------------------------------------------------------------------------------------------------------------


def test_each_is_rated_once_and_the_other_still_can_be() -> None:
    past = (*SERVED, rating(HANDLER, HOUSING, Satisfaction.NOT_SATISFIED))
    assert answer(past, HANDLER) == "RATED_BEFORE"
    assert answer(past, DEPARTMENT) == (rating(DEPARTMENT, PETITIONS),)


def test_a_rating_stays_with_whom_it_was_of() -> None:
    past = (*SERVED, rating(HANDLER, HOUSING), opinion_served(PETITIONS))
    assert file_of(*past).ratings.agencies[HANDLER] == HOUSING


def test_the_stream_of_a_rating_is_the_same_wherever_it_is_worked_out() -> None:
    assert str(rating_id_of(PETITION, HANDLER)) == "e5d672c1-54d0-5b98-b1a2-860e7248ae2d"
    assert str(rating_id_of(PETITION, DEPARTMENT)) == "92c6aec4-7128-57e4-8c4b-cb837493043d"


# --- what is not rated ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "past",
    [
        (*SERVED, linked()),
        (*HANDED_ON, accepted(route=Route.LITIGATION), opinion_served()),
        (*HANDED_ON, accepted(route=Route.ARBITRATION), opinion_served()),
        (*HANDED_ON, accepted(route=Route.ADMINISTRATIVE_PROCEDURE), opinion_served()),
        (registered(), classified(category=Category.ACCUSATION), *SERVED[2:]),
        REFERRED,
        (*HANDED_ON, not_accepted(directed_to=Organ.COURT)),
    ],
    ids=["repeat", "litigation", "arbitration", "reconsideration", "accusation", "referral", "court"],
)
def test_guoxinfa_2022_11_what_is_excluded_is_rated_in_neither_role(past: tuple[Event, ...]) -> None:
    assert [answer(past, rated) for rated in RatedRole] == ["MATTER_NOT_RATED"] * 2


def test_guoxinfa_2022_11_what_comes_back_from_litigation_is_rated_again() -> None:
    frame: dict[str, Any] = {"petition_id": PETITION, "agency": HOUSING, "occurred_time": NOW}
    diverted = DivertedToProcedure(**frame, route=Route.LITIGATION, external_reference="x:1", method=ServiceMethod.POST)
    resumed = ResumedFromProcedure(**frame, route=Route.PETITION_PROCEDURE)
    assert answer((*IN_HANDLING, diverted), DEPARTMENT) == "MATTER_NOT_RATED"
    assert answer((*IN_HANDLING, diverted, resumed, opinion_served()), HANDLER) == (rating(HANDLER, HOUSING),)


def test_guoxinfa_2022_11_a_related_matter_is_no_repeat_and_is_rated() -> None:
    assert answer((*SERVED, linked(LinkKind.RELATED)), HANDLER) == (rating(HANDLER, HOUSING),)


# --- figures ----------------------------------------------------------------------------------------------------------


def test_unrated_matters_stay_unrated() -> None:
    assert publishable(10, 0, 0, 20) == Figures(10, 0, 0, 20, 30)


def test_nothing_is_shown_of_fewer_than_five_matters() -> None:
    assert publishable(1, 1, 1, 1) == NOT_SHOWN
    assert publishable(0, 0, 0, 0) == NOT_SHOWN


def test_a_small_count_is_hidden_together_with_the_next_larger() -> None:
    assert publishable(60, 12, 2, 30) == Figures(60, None, None, 30, 104)


def test_equal_counts_are_hidden_together() -> None:
    assert publishable(6, 6, 4, 20) == Figures(None, None, None, 20, 36)


@given(st.tuples(*[st.integers(0, 60)] * 4))
def test_no_small_count_is_shown_and_the_rest_is_true(counts: tuple[int, int, int, int]) -> None:
    shown = publishable(*counts)
    assert not [count for count in shown if count is not None and 0 < count < SMALL_COUNT_BELOW]
    assert shown.eligible in (sum(counts), None)
    assert all(figure in (count, None) for figure, count in zip(shown, counts, strict=False))


def test_no_hidden_count_can_be_worked_out_from_what_is_shown() -> None:
    # Every table of up to sixteen matters: whoever sees the figures, and knows how they are hidden, is left with at
    # least two values for each hidden one.
    most = 16
    tables: defaultdict[Figures, list[tuple[int, ...]]] = defaultdict(list)
    for counts in product(range(most + 1), repeat=4):
        if sum(counts) <= most:
            tables[publishable(*counts)].append(counts)
    for shown, possible in tables.items():
        for column, figure in enumerate(shown[:4]):
            if figure is None:
                assert len({counts[column] for counts in possible}) > 1, shown
