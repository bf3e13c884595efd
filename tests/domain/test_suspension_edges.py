"""The clock of the re-review at its edges: the days of a hearing are left out, each once, and nothing is revived."""

from datetime import date, timedelta
from itertools import permutations

import pytest

from domain.suspension import Ledger, Pause, ledger_of, steps_of_ledger

START = date(2026, 3, 1)
THIRTY = 30


def march(day: int) -> date:
    return date(2026, 3, 1) + timedelta(days=day - 1)


def ledger(*pauses: Pause) -> Ledger:
    return ledger_of(START, THIRTY, pauses)


def test_art_36_1_without_a_hearing_all_thirty_days_run_from_the_start() -> None:
    assert ledger() == Ledger(30, 0, START)
    assert ledger().left_days == 30
    assert steps_of_ledger(START, ledger()) == ()


def test_art_36_2_while_a_hearing_is_open_the_clock_stands_from_its_first_day() -> None:
    # The 2nd to the 10th are used: nine days. The 11th is the hearing's.
    standing = ledger((march(11), None))
    assert standing == Ledger(30, 9, None, march(11))
    assert standing.left_days == 21


def test_art_36_2_after_the_hearing_the_rest_runs_from_the_day_after_its_last() -> None:
    assert ledger((march(11), march(13))) == Ledger(30, 9, march(13))


def test_art_36_2_a_hearing_of_one_day_leaves_out_that_day() -> None:
    assert ledger((march(11), march(11))) == Ledger(30, 9, march(11))


@pytest.mark.parametrize(("first", "used"), [(march(1), 0), (march(2), 0), (march(3), 1)])
def test_art_36_2_a_hearing_at_the_very_start_uses_nothing_before_it(first: date, used: int) -> None:
    assert ledger((first, march(5))) == Ledger(30, used, march(5))
    assert ledger((first, None)) == Ledger(30, used, None, max(first, march(2)))


def test_art_36_2_a_hearing_on_the_starting_day_alone_changes_nothing() -> None:
    assert ledger((START, START)) == ledger()


def test_art_36_2_on_the_last_day_a_hearing_still_stops_the_clock_and_after_it_none_does() -> None:
    # Thirty days from 1 March end on the 31st.
    assert ledger((march(31), None)) == Ledger(30, 29, None, march(31))
    assert ledger((march(32), None)) == ledger()
    assert ledger((march(32), march(40))) == ledger()


def test_art_36_2_two_hearings_use_up_what_lies_between_them() -> None:
    assert ledger((march(11), march(13)), (march(20), march(20))) == Ledger(30, 9 + 6, march(20))
    assert ledger((march(11), march(13)), (march(20), None)) == Ledger(30, 9 + 6, None, march(20))


def test_art_36_2_a_day_of_two_hearings_is_left_out_once() -> None:
    assert ledger((march(11), march(20)), (march(13), march(14))) == Ledger(30, 9, march(20))
    assert ledger((march(11), march(13)), (march(13), march(15))) == Ledger(30, 9, march(15))


def test_art_36_2_while_one_hearing_is_open_a_later_one_adds_nothing() -> None:
    assert ledger((march(11), None), (march(20), march(21))) == ledger((march(11), None))


def test_art_36_2_the_order_in_which_hearings_became_known_does_not_matter() -> None:
    hearings = [(march(10), march(20)), (march(12), march(13)), (march(25), march(26))]
    assert {ledger(*order) for order in permutations(hearings)} == {Ledger(30, 8 + 4, march(26))}


def test_art_36_2_the_arithmetic_says_what_was_used_and_since_when_the_rest_runs() -> None:
    used, resumed = steps_of_ledger(START, ledger((march(11), march(13))))
    assert "9 of 30 days used" in used.en
    assert "2026-03-13" in resumed.en
    used, standing = steps_of_ledger(START, ledger((march(11), None)))
    assert "9 of 30 days used" in used.en
    assert "2026-03-11" in standing.en
    assert "stands still" in standing.en
