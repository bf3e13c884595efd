"""Divisions by their codes: dated up to 2019, as listed from 2025 on, either in between, and made-up places besides."""

from datetime import date

import pytest

from domain.jurisdiction import NATION
from services.kit.divisions import is_valid, name_of, parent_of

XIACHENG, LINPING, CHONGWEN, XIANTAO = "330103", "330113", "110103", "429004"


@pytest.mark.parametrize(
    ("code", "on", "name"),
    [
        (CHONGWEN, date(2008, 1, 1), "崇文区"),
        (CHONGWEN, date(2012, 1, 1), None),
        (XIACHENG, date(2018, 1, 1), "下城区"),
        (XIACHENG, date(2026, 1, 1), None),
        (LINPING, date(2018, 1, 1), None),
        (LINPING, date(2022, 1, 1), "临平区"),
        (LINPING, date(2026, 1, 1), "临平区"),
        (NATION, date(2026, 1, 1), "全国"),
        ("000001", date(2026, 1, 1), None),
    ],
)
def test_a_code_has_the_name_that_it_had_on_that_day(code: str, on: date, name: str | None) -> None:
    assert name_of(code, on) == name
    assert is_valid(code, on) == (name is not None)


def test_before_the_first_revision_the_first_one_holds() -> None:
    assert name_of(CHONGWEN, date(1960, 1, 1)) == "崇文区"


@pytest.mark.parametrize(
    ("code", "on", "parent"),
    [
        (LINPING, date(2026, 1, 1), "330100"),
        (CHONGWEN, date(2008, 1, 1), "110000"),
        (XIANTAO, date(2018, 1, 1), "420000"),
        ("110000", date(2026, 1, 1), NATION),
        (NATION, date(2026, 1, 1), None),
        (XIACHENG, date(2026, 1, 1), None),
        ("990101", date(2026, 1, 1), "990100"),
    ],
)
def test_a_division_lies_in_the_next_real_one_around_it(code: str, on: date, parent: str | None) -> None:
    assert parent_of(code, on) == parent


def test_a_made_up_place_takes_any_code_that_begins_with_99_and_has_no_name() -> None:
    assert is_valid("990100", date(2026, 1, 1))
    assert name_of("990100", date(2026, 1, 1)) is None
    assert not is_valid("9901", date(2026, 1, 1))
    assert not is_valid("99010x", date(2026, 1, 1))
