"""The petitioner's query code, Arts. 18(1) and 21(2): who gives it, and that only digests are on record."""

from domain.case import IssueQueryCode, QueryCodeIssued
from tests.domain.facts import (
    HOUSING,
    NOW,
    PETITION,
    PETITIONS,
    classified,
    handed_off,
    handoff_received,
    registered,
)
from tests.domain.story import case

GIVE = IssueQueryCode(code_digest="a" * 64, token_digest="b" * 64)


def issued(agency: str = PETITIONS) -> QueryCodeIssued:
    return QueryCodeIssued(
        petition_id=PETITION, agency=agency, occurred_time=NOW, code_digest="a" * 64, token_digest="b" * 64
    )


def test_art_21_2_the_agency_that_registered_gives_the_code() -> None:
    case.given(registered()).when(GIVE).then(issued())


def test_art_21_2_a_code_that_was_lost_is_given_again_whatever_happened_since() -> None:
    past = (registered(), classified(), issued(), handed_off())
    case.given(*past).when(GIVE).then(issued())


def test_art_21_2_an_agency_that_was_handed_the_petition_gives_none() -> None:
    refusal = case.given(handoff_received()).when(GIVE).then_refused("CODE_FROM_FIRST_AGENCY")
    assert refusal.article == "Art. 21(2)"


def test_art_21_2_who_registered_still_gives_it_when_the_petition_came_round_to_it_again() -> None:
    came_round = handoff_received(agency=PETITIONS, from_agency=HOUSING)
    case.given(registered(), classified(), handed_off(), came_round).when(GIVE).then(issued())
