"""Times of facts: never in the future, never before receipt, and history only from before an agency joined."""

from datetime import timedelta

import pytest

from domain.case import CLOCK_SKEW_MAX, NotifyReceipt
from domain.vocabulary import Provenance, ServiceMethod
from tests.domain.facts import AT_HOUSING, JUST_BEFORE, NOW, RECEIVED, receipt_notified
from tests.domain.story import case

HISTORIC = (Provenance.IMPORTED, Provenance.SYNTHETIC)


def notify(**changes: object) -> NotifyReceipt:
    return NotifyReceipt.model_validate({"method": ServiceMethod.POST} | changes)


def test_a_fact_may_be_entered_after_it_happened() -> None:
    earlier = NOW - timedelta(days=1)
    case.given(*AT_HOUSING).when(notify(occurred_time=earlier)).then(receipt_notified(time=earlier))


def test_clocks_may_disagree_a_little() -> None:
    ahead = NOW + CLOCK_SKEW_MAX
    case.given(*AT_HOUSING).when(notify(occurred_time=ahead)).then(receipt_notified(time=ahead))


def test_the_future_is_refused() -> None:
    ahead = NOW + CLOCK_SKEW_MAX + timedelta(microseconds=1)
    refusal = case.given(*AT_HOUSING).when(notify(occurred_time=ahead)).then_refused("TIME_IN_FUTURE")
    assert refusal.field == "occurred_time"


def test_nothing_is_done_before_receipt() -> None:
    case.given(*AT_HOUSING).when(notify(occurred_time=RECEIVED + JUST_BEFORE)).then_refused("TIME_BEFORE_RECEIPT")


@pytest.mark.parametrize("provenance", HISTORIC)
def test_a_node_that_is_not_open_for_history_takes_none(provenance: Provenance) -> None:
    case.given(*AT_HOUSING).when(notify(provenance=provenance)).then_refused("HISTORY_CLOSED")


@pytest.mark.parametrize("provenance", HISTORIC)
def test_history_ends_at_the_instant_at_which_the_agency_joined(provenance: Provenance) -> None:
    story = case.given(*AT_HOUSING).open_for_history_before(NOW)
    story.when(notify(provenance=provenance, occurred_time=NOW)).then_refused("HISTORY_CLOSED")
    before = NOW + JUST_BEFORE
    story.when(notify(provenance=provenance, occurred_time=before)).then(
        receipt_notified(time=before, provenance=provenance)
    )
