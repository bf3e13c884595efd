"""Recusal, Art. 28(3), whose guard holds for every command there is, and corrections of the record."""

from dataclasses import replace

import pytest

from domain.case import (
    COMMANDS,
    CorrectionNoted,
    DecideRecusal,
    ExtendHandling,
    Moment,
    NoteCorrection,
    NotifyReceipt,
    Phase,
    RecusalDecided,
    RecusalRequested,
    RequestRecusal,
    UnsealMaterials,
    decide,
)
from domain.case.aggregate import CHAPTERS
from domain.event import Command, Event, Refusal
from domain.vocabulary import Purpose, ServiceMethod
from services.kit.law import law_in_force
from tests.domain.facts import AT_HOUSING, NOW, accepted, receipt_notified, sealed
from tests.domain.facts_handling import fact
from tests.domain.story import case

CLERK, HEAD, COLLEAGUE = "post:desk-5", "post:head", "post:desk-6"
RECUSED: tuple[Event, ...] = (*AT_HOUSING, fact(RecusalDecided))
NOTIFY = NotifyReceipt(method=ServiceMethod.POST)
PHASES = {command: row.phases for chapter in CHAPTERS for command, row in chapter.decide.items()}
GUARDED = sorted(COMMANDS, key=lambda command: command.__name__)


def test_art_28_3_anybody_may_ask_that_an_official_be_kept_from_the_case() -> None:
    case.given(*AT_HOUSING).when(RequestRecusal(official=CLERK, reason=sealed("reason"))).then(fact(RecusalRequested))


@pytest.mark.parametrize("recused", [True, False])
@pytest.mark.parametrize("past", [AT_HOUSING, (*AT_HOUSING, fact(RecusalRequested))])
def test_art_28_3_somebody_else_decides_on_it(recused: bool, past: tuple[Event, ...]) -> None:
    command = DecideRecusal(official=CLERK, recused=recused, decided_by=HEAD)
    decided = fact(RecusalDecided, recused=recused)
    case.given(*past).when(command).then(decided)
    after = case.given(*past, decided).case
    assert after is not None
    assert (CLERK in after.recused, after.recusals_asked) == (recused, frozenset())


def test_art_28_3_nobody_decides_on_their_own_recusal_nor_one_who_is_recused_on_another() -> None:
    own = DecideRecusal(official=CLERK, recused=False, decided_by=CLERK)
    case.given(*AT_HOUSING).when(own).then_refused("RECUSAL_DECIDED_BY_ONESELF")
    other = DecideRecusal(official=COLLEAGUE, recused=False, decided_by=CLERK, officer=HEAD)
    case.given(*RECUSED).when(other).then_refused("RECUSAL_DECIDED_BY_ONESELF")


def test_art_28_3_asking_alone_keeps_nobody_from_the_case() -> None:
    case.given(*AT_HOUSING, fact(RecusalRequested)).when(NOTIFY).then(receipt_notified())


def test_art_28_3_once_somebody_is_recused_others_act_under_their_post() -> None:
    case.given(*RECUSED).when(NOTIFY).then_refused("OFFICER_NOT_NAMED")
    case.given(*RECUSED).when(NOTIFY.model_copy(update={"officer": CLERK})).then_refused("OFFICER_RECUSED")
    named = NOTIFY.model_copy(update={"officer": COLLEAGUE})
    case.given(*RECUSED).when(named).then(receipt_notified(officer=COLLEAGUE))


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (UnsealMaterials(official=CLERK, purpose=Purpose.HANDLING, officer=COLLEAGUE), "official"),
        (
            ExtendHandling(days=5, approver=CLERK, notified_time=NOW, reason=sealed("reason"), officer=COLLEAGUE),
            "approver",
        ),
    ],
)
def test_art_28_3_who_was_recused_opens_and_approves_nothing_by_a_colleague_s_hand(
    command: Command, field: str
) -> None:
    refused = case.given(*RECUSED, accepted()).when(command).then_refused("OFFICER_RECUSED")
    assert refused.field == field


def test_art_28_3_of_who_was_recused_a_colleague_may_still_ask_and_the_head_decide() -> None:
    asked = RequestRecusal(official=CLERK, reason=sealed("reason"), officer=COLLEAGUE)
    case.given(*RECUSED).when(asked).then(fact(RecusalRequested, officer=COLLEAGUE))
    lifted = DecideRecusal(official=CLERK, recused=False, decided_by=HEAD, officer=HEAD)
    case.given(*RECUSED).when(lifted).then(fact(RecusalDecided, recused=False, officer=HEAD))


def test_art_28_3_a_recusal_that_is_lifted_binds_no_longer() -> None:
    lifted = fact(RecusalDecided, recused=False, officer=HEAD)
    case.given(*RECUSED, lifted).when(NOTIFY).then(receipt_notified())


@pytest.mark.parametrize("kind", GUARDED, ids=lambda kind: kind.__name__)
def test_art_28_3_no_command_at_all_is_open_to_who_was_recused(kind: type[Command]) -> None:
    known = case.given(*RECUSED).case
    assert known is not None
    for phase in PHASES[kind] or Phase:
        for officer, code in ((None, "OFFICER_NOT_NAMED"), (CLERK, "OFFICER_RECUSED")):
            # Without its other fields: the guard comes before anything that would look at them.
            command = kind.model_construct(officer=officer)
            decision = decide(replace(known, phase=phase), command, Moment(NOW, law_in_force()))
            assert isinstance(decision, Refusal)
            assert decision.code == code
            assert decision.article == "Art. 28(3)"


@pytest.mark.parametrize("version", [1, 2])
def test_a_correction_names_the_entry_that_is_wrong_and_overwrites_nothing(version: int) -> None:
    past = (*AT_HOUSING, receipt_notified())
    command = NoteCorrection(corrects_version=version, explanation=sealed())
    noted = fact(CorrectionNoted, corrects_version=version)
    case.given(*past).when(command).then(noted)
    before, after = case.given(*past).case, case.given(*past, noted).case
    assert before is not None
    assert after is not None
    assert (after.version, after.phase) == (before.version + 1, before.phase)


def test_what_was_never_entered_is_not_corrected() -> None:
    command = NoteCorrection(corrects_version=2, explanation=sealed())
    assert case.given(*AT_HOUSING).when(command).then_refused("NOTHING_TO_CORRECT").field == "corrects_version"
