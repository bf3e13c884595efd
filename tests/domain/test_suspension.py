"""Art. 36(2): the time that hearings need is not counted in the re-review, and in no other period."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.suspension import Ledger, Pause, ledger_of

START = date(2023, 3, 1)
ONE = timedelta(days=1)
DAYS = st.integers(-5, 60).map(lambda number: START + number * ONE)
CLOSED = st.tuples(DAYS, st.integers(0, 20)).map(lambda hearing: (hearing[0], hearing[0] + hearing[1] * ONE))
BUDGETS = st.integers(1, 40)


def due_by_walking(start: date, budget: int, hearings: list[tuple[date, date]]) -> date:
    """A second opinion: walk day by day, and count a day unless a hearing was held on it."""
    held = {first + number * ONE for first, last in hearings for number in range((last - first).days + 1)}
    day, left = start, budget
    while left:
        day += ONE
        left -= day not in held
    return day


def due_of(ledger: Ledger) -> date:
    assert ledger.running_since is not None
    return ledger.running_since + ledger.left_days * ONE


def ledger(*pauses: Pause, budget: int = 30) -> Ledger:
    return ledger_of(START, budget, pauses)


@given(BUDGETS, st.lists(CLOSED, max_size=5))
def test_the_last_day_is_that_of_counting_every_day_without_a_hearing(
    budget: int, hearings: list[tuple[date, date]]
) -> None:
    assert due_of(ledger_of(START, budget, hearings)) == due_by_walking(START, budget, hearings)


@given(BUDGETS, st.lists(CLOSED, max_size=5), st.randoms())
def test_the_order_in_which_hearings_become_known_does_not_matter(
    budget: int, hearings: list[tuple[date, date]], chance: object
) -> None:
    shuffled = sorted(hearings, key=lambda _: chance.random())  # type: ignore[attr-defined]
    assert ledger_of(START, budget, shuffled) == ledger_of(START, budget, hearings)


@given(BUDGETS, st.lists(CLOSED, max_size=3), DAYS)
def test_what_is_used_and_what_is_left_add_up_while_the_clock_stands(
    budget: int, hearings: list[tuple[date, date]], opened: date
) -> None:
    found = ledger_of(START, budget, [*hearings, (opened, None)])
    assert 0 <= found.consumed_days < budget
    if found.running_since is None:
        assert found.suspended_since is not None
        assert due_by_walking(START, found.consumed_days + 1, hearings) >= found.suspended_since
    else:
        assert due_by_walking(START, budget, hearings) < opened


def test_a_period_without_a_hearing_runs_from_its_start() -> None:
    assert ledger() == Ledger(30, 0, START)


def test_while_a_hearing_lasts_the_clock_stands_still() -> None:
    assert ledger((date(2023, 3, 10), None)) == Ledger(30, 8, None, date(2023, 3, 10))


def test_every_day_from_the_first_to_the_last_of_a_hearing_is_left_out() -> None:
    found = ledger((date(2023, 3, 10), date(2023, 3, 12)))
    assert found == Ledger(30, 8, date(2023, 3, 12))
    assert due_of(found) == date(2023, 4, 3)


def test_a_day_of_two_hearings_is_left_out_once() -> None:
    both = ledger((date(2023, 3, 10), date(2023, 3, 12)), (date(2023, 3, 11), date(2023, 3, 14)))
    assert both == ledger((date(2023, 3, 10), date(2023, 3, 14)))


def test_a_hearing_after_the_last_day_revives_nothing() -> None:
    assert ledger((date(2023, 4, 1), None)) == ledger()
    assert ledger((date(2023, 3, 31), None)).suspended_since == date(2023, 3, 31)
