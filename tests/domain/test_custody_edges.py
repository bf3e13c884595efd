"""To whom each stretch is charged on the side roads: other procedures, streams, review, re-review; and the sums."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.case import (
    AccusationConcluded,
    DivertedToProcedure,
    ProcedureConcluded,
    ResumedFromProcedure,
    Settled,
    SuggestionDecided,
    SuggestionReplied,
)
from domain.custody import Account, Custody, Segment, SegmentKind, accounts_of
from domain.event import Event
from domain.vocabulary import Adoption, ReviewResult, ReviewStage
from tests.domain.facts import (
    CITY_HOUSING,
    HOUSING,
    PETITIONS,
    PROVINCE_HOUSING,
    SECOND,
    THIRD,
    accepted,
    handed_off,
    handoff_received,
    on,
    opinion_issued,
    opinion_served,
    registered,
)
from tests.domain.facts_handling import fact
from tests.domain.facts_review import (
    declined,
    opened,
    opened_again,
    requested,
    requested_again,
    result_received,
    review_issued,
    review_served,
)

WINDOW = timedelta(days=30)


def day(number: int) -> datetime:
    """The day of that number, counted from the first receipt on 1 March 2023."""
    return on("2023-03-01") + timedelta(days=number - 1)


def moved(custody: Custody, event: Any) -> list[Segment]:
    name = event.type_name.rsplit(".", 1)[1]
    until = event.occurred_time + WINDOW if name in {"OpinionServed", "ReviewOpinionServed"} else None
    return custody.apply(name, event, until)


def custody_of(*events: Event) -> Custody:
    custody = Custody()
    for event in events:
        moved(custody, event)
    return custody


def last(custody: Custody) -> tuple[str, str, str, datetime]:
    segment = custody.segments[-1]
    return segment.kind.value, segment.custodian, segment.charged_to, segment.from_time


ACCEPTED = (registered(), handed_off(time=day(3)), handoff_received(time=day(4)), accepted(time=day(9)))
SERVED = (*ACCEPTED, opinion_served(time=day(11)))
ASKED = (*SERVED, requested(occurred_time=day(20)))
REVIEWED = (*ASKED, review_served(occurred_time=day(30)))
ASKED_AGAIN = (*REVIEWED, requested_again(occurred_time=day(40)))


# --- what a fact changes --------------------------------------------------------------------------------------------


def test_before_the_first_fact_nobody_has_the_petition() -> None:
    assert Custody().current is None
    assert moved(Custody(), handed_off()) == []


def test_a_move_closes_one_segment_and_opens_the_next() -> None:
    custody = custody_of(registered())
    closed, opened = moved(custody, handed_off(time=day(3)))
    assert (closed.number, closed.kind, closed.to_time) == (1, SegmentKind.UNACCEPTED, day(3))
    assert (opened.number, opened.kind, opened.from_time) == (2, SegmentKind.OFFERED, day(3))
    assert custody.segments == [closed, opened]
    assert custody.current == opened


def test_an_arrival_that_nobody_invited_takes_nothing() -> None:
    offered = custody_of(*ACCEPTED[:2])
    assert moved(offered, handoff_received("labour", from_agency="water", time=day(5))) == []
    assert last(offered)[:2] == ("offered", PETITIONS)


def test_an_arrival_whose_sender_holds_the_petition_takes_it() -> None:
    # The hand-off itself is still on its way to the office; the arrival names who offered.
    arrived = custody_of(registered(), handoff_received(time=day(4)))
    assert last(arrived) == ("unaccepted", HOUSING, HOUSING, day(4))


def test_who_was_handed_the_petition_may_act_before_its_receipt_has_come_to_the_office() -> None:
    custody = custody_of(*ACCEPTED[:2], accepted(time=day(9)))
    assert last(custody) == ("handling", HOUSING, HOUSING, day(9))
    # The receipt comes late, and from a sender that holds the petition no more: its agency is in the chain already.
    moved(custody, handoff_received(time=day(10)))
    assert last(custody)[:2] == ("unaccepted", HOUSING)


def test_art_35_whoever_is_in_the_chain_takes_nothing_by_a_request_for_review_either() -> None:
    handed = handed_off(HOUSING, CITY_HOUSING, SECOND, day(5))
    back = handoff_received(HOUSING, CITY_HOUSING, THIRD, day(7))
    custody = custody_of(*ACCEPTED[:3], handed, handed_off(CITY_HOUSING, HOUSING, THIRD, day(6)), back)
    assert CITY_HOUSING in custody.parties
    assert moved(custody, requested(of_agency=PETITIONS, occurred_time=day(8))) == []


# --- other procedures and streams -----------------------------------------------------------------------------------


def test_art_31_1_while_another_procedure_lasts_it_is_charged_to_who_led_the_matter_there() -> None:
    diverted = (*ACCEPTED, fact(DivertedToProcedure, time=day(12)))
    assert last(custody_of(*diverted)) == ("other_procedure", HOUSING, HOUSING, day(12))
    resumed = custody_of(*diverted, fact(ResumedFromProcedure, time=day(20)))
    assert last(resumed) == ("handling", HOUSING, HOUSING, day(20))


@pytest.mark.parametrize(
    "end",
    [
        fact(ProcedureConcluded, time=day(15)),
        fact(Settled, time=day(15)),
        fact(SuggestionDecided, time=day(15), adoption=Adoption.NOT_ADOPTED),
        fact(SuggestionReplied, time=day(15)),
        fact(AccusationConcluded, time=day(15)),
    ],
    ids=lambda event: type(event).__name__,
)
def test_arts_29_to_33_these_end_the_road(end: Event) -> None:
    custody = custody_of(*ACCEPTED)
    [closed] = moved(custody, end)
    assert custody.ended_time == closed.to_time == day(15)
    assert (closed.kind, closed.from_time) == (SegmentKind.HANDLING, day(9))


def test_art_29_1_an_adopted_suggestion_has_not_ended_before_it_was_replied_to() -> None:
    custody = custody_of(*ACCEPTED)
    assert moved(custody, fact(SuggestionDecided, time=day(15))) == []
    assert custody.ended_time is None


# --- review and re-review -------------------------------------------------------------------------------------------


def test_art_35_the_reviewer_takes_the_petition_out_of_the_petitioners_window() -> None:
    assert last(custody_of(*ASKED)) == ("review", CITY_HOUSING, CITY_HOUSING, day(20))
    assert custody_of(*ASKED).ended_time is None


def test_art_35_a_request_takes_nothing_from_an_agency_that_still_handles() -> None:
    custody = custody_of(*ACCEPTED)
    assert moved(custody, requested(occurred_time=day(10))) == []
    assert moved(custody_of(*SERVED), requested(of_agency="water", occurred_time=day(12))) == []


def test_art_36_1_after_the_review_opinion_the_petitioner_has_a_window_again() -> None:
    custody = custody_of(*REVIEWED)
    assert last(custody) == ("petitioner_window", CITY_HOUSING, "petitioner", day(30))
    assert custody.ended_time == day(60)
    assert last(custody_of(*ASKED_AGAIN)) == ("review", PROVINCE_HOUSING, PROVINCE_HOUSING, day(40))


def test_art_35_a_declined_review_leaves_the_rest_of_the_same_window() -> None:
    custody = custody_of(*ASKED, declined(occurred_time=day(25)))
    assert last(custody) == ("petitioner_window", HOUSING, "petitioner", day(25))
    assert custody.ended_time == custody.segments[-1].to_time == day(11) + WINDOW


def test_art_36_1_a_declined_re_review_leaves_the_window_that_the_review_opened() -> None:
    custody = custody_of(
        *ASKED_AGAIN,
        declined(agency=PROVINCE_HOUSING, to_agency=CITY_HOUSING, stage=ReviewStage.REREVIEW, occurred_time=day(45)),
    )
    assert last(custody) == ("petitioner_window", CITY_HOUSING, "petitioner", day(45))
    assert custody.ended_time == day(60)


def test_art_35_only_the_reviewer_that_has_the_petition_can_decline() -> None:
    custody = custody_of(*ASKED)
    assert moved(custody, declined(agency=HOUSING, occurred_time=day(25))) == []
    assert moved(custody_of(*SERVED), declined(agency=HOUSING, occurred_time=day(25))) == []
    assert moved(custody_of(*ACCEPTED), declined(agency=HOUSING, occurred_time=day(25))) == []


def test_art_35_a_revoked_opinion_opens_no_window_and_goes_back_to_its_handler() -> None:
    custody = custody_of(*ASKED)
    assert moved(custody, review_served(ReviewResult.REVOKE, occurred_time=day(30))) == []
    moved(custody, result_received(ReviewResult.REVOKE, occurred_time=day(31)))
    assert last(custody) == ("handling", HOUSING, HOUSING, day(31))


@pytest.mark.parametrize("past", [REVIEWED, ASKED], ids=["served", "issued"])
@pytest.mark.parametrize("result", [ReviewResult.UPHOLD, ReviewResult.CHANGE])
def test_art_35_a_result_that_stands_gives_nothing_back_to_the_handler(
    result: ReviewResult, past: tuple[Event, ...]
) -> None:
    custody = custody_of(*past)
    assert moved(custody, result_received(result, occurred_time=day(31))) == []


def test_art_36_3_after_the_last_word_nothing_goes_back() -> None:
    served = review_served(agency=PROVINCE_HOUSING, stage=ReviewStage.REREVIEW, occurred_time=day(50))
    custody = custody_of(*ASKED_AGAIN, served)
    assert moved(custody, result_received(ReviewResult.REVOKE, occurred_time=day(51))) == []


def test_art_35_where_the_request_came_before_the_service_the_opened_file_moves_the_petition() -> None:
    custody = custody_of(*ACCEPTED, requested(occurred_time=day(10)), opinion_served(time=day(11)))
    assert last(custody)[0] == "petitioner_window"
    moved(custody, opened(occurred_time=day(20)))
    assert last(custody) == ("review", CITY_HOUSING, CITY_HOUSING, day(20))
    moved(custody, review_served(occurred_time=day(30)))
    assert last(custody) == ("petitioner_window", CITY_HOUSING, "petitioner", day(30))


def test_art_35_a_file_that_shows_no_service_or_comes_twice_moves_nothing() -> None:
    assert moved(custody_of(*SERVED), opened(served_time=None, occurred_time=day(20))) == []
    assert moved(custody_of(*ASKED), opened(occurred_time=day(21))) == []
    assert moved(custody_of(*ACCEPTED), opened(occurred_time=day(10))) == []


@pytest.mark.parametrize("result", [ReviewResult.UPHOLD, ReviewResult.CHANGE])
def test_art_36_3_the_opinion_of_the_re_review_ends_the_road(result: ReviewResult) -> None:
    served = review_served(result, agency=PROVINCE_HOUSING, stage=ReviewStage.REREVIEW, occurred_time=day(50))
    custody = custody_of(*ASKED_AGAIN, served)
    assert custody.ended_time == custody.segments[-1].to_time == day(50)
    assert last(custody)[0] == "review"


def test_art_36_1_a_revoking_re_review_ends_nothing() -> None:
    stage = {"agency": PROVINCE_HOUSING, "stage": ReviewStage.REREVIEW}
    custody = custody_of(*ASKED_AGAIN, review_served(ReviewResult.REVOKE, occurred_time=day(50), **stage))
    assert custody.ended_time is None
    assert last(custody)[0] == "review"


# --- clocks and sums ------------------------------------------------------------------------------------------------


def test_a_window_is_cut_short_by_what_comes_and_another_stretch_that_is_over_is_not() -> None:
    cut = custody_of(*ASKED).segments[-2]
    assert (cut.kind, cut.to_time) == (SegmentKind.PETITIONER_WINDOW, day(20))
    ended = custody_of(*ACCEPTED, fact(Settled, time=day(15)))
    moved(ended, fact(DivertedToProcedure, time=day(14)))
    assert [segment.to_time for segment in ended.segments] == [day(3), day(4), day(9), day(15), None]


def test_the_accounts_of_a_petition_add_up_to_its_life_the_longest_first() -> None:
    custody = custody_of(*SERVED)
    spent = accounts_of(custody.segments, day(14))
    assert spent == (
        Account(HOUSING, "unaccepted", timedelta(days=5)),
        Account("petitioner", "petitioner_window", timedelta(days=3)),
        Account(HOUSING, "handling", timedelta(days=2)),
        Account(PETITIONS, "unaccepted", timedelta(days=2)),
        Account(PETITIONS, "offered", timedelta(days=1)),
    )
    assert sum((account.spent for account in spent), timedelta()) == day(14) - day(1)


def test_two_stretches_of_one_kind_at_one_agency_are_one_account() -> None:
    custody = custody_of(*ACCEPTED, fact(DivertedToProcedure, time=day(12)), fact(ResumedFromProcedure, time=day(20)))
    accounts = {(one.charged_to, one.kind): one.spent for one in accounts_of(custody.segments, day(24))}
    assert accounts[HOUSING, "handling"] == timedelta(days=3 + 4)
    assert accounts[HOUSING, "other_procedure"] == timedelta(days=8)


def test_equal_accounts_stand_in_the_order_of_agency_and_kind() -> None:
    hour = timedelta(hours=1)
    pieces = [("b", "handling"), ("a", "review"), ("a", "handling")]
    segments = [
        Segment(number, SegmentKind(kind), who, who, day(1), day(1) + hour) for number, (who, kind) in enumerate(pieces)
    ]
    assert accounts_of(segments, day(2)) == (
        Account("a", "handling", hour),
        Account("a", "review", hour),
        Account("b", "handling", hour),
    )


def test_what_begins_after_the_time_asked_about_counts_nothing() -> None:
    ahead = [Segment(1, SegmentKind.OFFERED, PETITIONS, PETITIONS, day(5), day(7))]
    assert accounts_of(ahead, day(4)) == (Account(PETITIONS, "offered", timedelta()),)


LAST_WORD = review_served(stage=ReviewStage.REREVIEW, agency=PROVINCE_HOUSING, occurred_time=on("2023-05-20"))


OVERTAKEN = (
    registered(HOUSING),
    accepted(),
    opinion_issued(),
    opinion_served(time=on("2023-04-04")),
    requested(),
    review_issued(),
    requested_again(),
    opened_again(served_time=None),
)
"""The re-review was asked for before the opinion of the review was served."""


def test_art_36_3_the_last_word_ends_it_and_a_service_that_comes_after_it_moves_nothing() -> None:
    custody = custody_of(*OVERTAKEN)
    assert moved(custody, LAST_WORD)
    assert custody.ended_time == LAST_WORD.occurred_time
    assert moved(custody, review_served(occurred_time=on("2023-05-21"))) == []
    assert custody.ended_time == LAST_WORD.occurred_time


def test_art_36_3_the_last_word_ends_the_window_that_a_belated_service_opened() -> None:
    custody = custody_of(*OVERTAKEN, review_served())
    assert custody.ended_time is not None
    assert custody.ended_time > LAST_WORD.occurred_time
    assert moved(custody, LAST_WORD)
    assert custody.ended_time == LAST_WORD.occurred_time


def test_art_36_1_what_the_first_reviewer_serves_moves_nothing_once_another_reviews() -> None:
    custody = custody_of(*OVERTAKEN, review_served(), requested_again())
    assert moved(custody, review_served(occurred_time=on("2023-05-21"))) == []
    assert last(custody)[:2] == ("review", PROVINCE_HOUSING)
