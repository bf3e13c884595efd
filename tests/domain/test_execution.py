"""Execution of a supported opinion, Arts. 32(2) and 42(4), and relief, Art. 37."""

import pytest

from domain.case import ExecutionCompleted, ExecutionRefused, ReliefReferred
from domain.event import Command, Event
from domain.vocabulary import Outcome, ReliefKind
from tests.domain.facts import AT_HOUSING, LABOUR, NOW, RECEIVED, opinion_issued, opinion_served, registered
from tests.domain.facts_handling import ACCEPTED, EXECUTE, REFUSE_EXECUTION, RELIEVE, SUGGESTED, fact
from tests.domain.ledger import open_after
from tests.domain.story import case

SUPPORTED = (*ACCEPTED, opinion_issued())
SERVED = (*SUPPORTED, opinion_served())
OTHER_OUTCOMES = [outcome for outcome in Outcome if outcome is not Outcome.SUPPORT]


@pytest.mark.parametrize("past", [SUPPORTED, SERVED])
def test_art_32_2_a_supported_opinion_waits_until_it_is_carried_out(past: tuple[Event, ...]) -> None:
    assert open_after(*past)["EXECUTION"] is None
    case.given(*past).when(EXECUTE).then(fact(ExecutionCompleted))
    assert "EXECUTION" not in open_after(*past, fact(ExecutionCompleted))


@pytest.mark.parametrize("outcome", OTHER_OUTCOMES)
def test_art_32_2_no_other_opinion_is_carried_out(outcome: Outcome) -> None:
    past = (*ACCEPTED, opinion_issued(outcome=outcome))
    assert "EXECUTION" not in open_after(*past)
    for command in (EXECUTE, REFUSE_EXECUTION):
        case.given(*past).when(command).then_refused("NOTHING_TO_EXECUTE")


@pytest.mark.parametrize("unit", [LABOUR, None])
def test_art_42_4_a_refusal_goes_on_record_and_leaves_the_duty_open(unit: str | None) -> None:
    command = REFUSE_EXECUTION.model_copy(update={"unit": unit})
    case.given(*SERVED).when(command).then(fact(ExecutionRefused, unit=unit))
    refused = (*SERVED, fact(ExecutionRefused, unit=unit))
    assert "EXECUTION" in open_after(*refused)
    case.given(*refused).when(command).then(fact(ExecutionRefused, unit=unit))
    case.given(*refused).when(EXECUTE).then(fact(ExecutionCompleted))


@pytest.mark.parametrize("command", [EXECUTE, REFUSE_EXECUTION])
def test_art_32_2_what_is_carried_out_is_done_with(command: Command) -> None:
    case.given(*SERVED, fact(ExecutionCompleted)).when(command).then_refused("NOTHING_TO_EXECUTE")
    case.given(*ACCEPTED).when(command).then_refused("NOTHING_TO_EXECUTE")
    early = command.model_copy(update={"occurred_time": RECEIVED})
    case.given(*SERVED).when(early).then_refused("TIME_BEFORE_OPINION")


@pytest.mark.parametrize("kind", ReliefKind)
@pytest.mark.parametrize("past", [(registered(),), AT_HOUSING, SUGGESTED, SERVED])
def test_art_37_a_petitioner_in_need_is_led_to_relief_at_any_time(kind: ReliefKind, past: tuple[Event, ...]) -> None:
    command = RELIEVE.model_copy(update={"kind": kind})
    relieved = fact(ReliefReferred, agency=past[0].agency, time=NOW, kind=kind)
    case.given(*past).when(command).then(relieved)
