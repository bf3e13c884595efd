"""The arithmetic of a date in words, from what the duty's row pins; and custody in words."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from domain.calendar import WorkCalendar
from domain.case import DivertedToProcedure, NotAccepted, ProcedureConcluded, Settled
from domain.custody import SegmentKind
from domain.event import Event, Happening
from domain.explanation import steps_of
from domain.law import Law
from domain.petition import Changes, PetitionFile
from domain.vocabulary import HandoffKind, RefusalReason, ReviewStage
from services.kit.law import law_in_force
from services.office.views import duties, handoffs, petitions
from services.office.views.duties import DutyRow
from services.office.wording import _OF_KIND, Situation, why
from tests.domain import facts
from tests.domain import facts_review as review
from tests.domain.facts import HOUSING, PETITION, PROVINCE_HOUSING, on
from tests.domain.facts_handling import fact

LONG_AFTER = datetime(2030, 1, 1, tzinfo=UTC)


def folded(*told: Event) -> tuple[PetitionFile, Changes]:
    file, changes = PetitionFile(PETITION), Changes()
    versions: dict[str, int] = {}
    for position, event in enumerate(told, 1):
        versions[event.agency] = versions.get(event.agency, 0) + 1
        case_id = UUID(int=sum(event.agency.encode()))
        happening = Happening(event, case_id, versions[event.agency], "node", position, event.occurred_time)
        file.apply(happening, law_in_force(), changes)
    return file, changes


def duty_of(rule_id: str, *told: Event) -> DutyRow:
    return next(row for row in duties.rows(*folded(*told)) if row.rule_id == rule_id)


def english(duty: DutyRow, law: Law | None = None) -> tuple[str, ...]:
    return tuple(step.en for step in steps_of(duty, law or law_in_force()))


def sentence(told: Sequence[Event], now: datetime = LONG_AFTER) -> tuple[str, str]:
    file, changes = folded(*told)
    [row] = petitions.rows(file, changes)
    last = next(reversed([*handoffs.rows(file, changes)]), None)
    until = {duty.rule_id: duty.due_time for duty in file.duties if duty.is_open}
    handled_by = until.get("D10") or until.get("D13") or until.get("D15")
    return why(Situation(row, last, until.get("D5"), handled_by), now)


REGISTERED = (facts.registered(), facts.classified())
OFFERED = (*REGISTERED, facts.handed_off())
RECEIVED = (*OFFERED, facts.handoff_received(time=on("2023-03-03")))
ACCEPTED = (*RECEIVED, facts.accepted(time=on("2023-03-06")))


# --- dates ----------------------------------------------------------------------------------------------------------


def test_working_days_are_counted_out() -> None:
    steps = english(duty_of("D5", *RECEIVED))
    assert steps[0].startswith("Art. 23(3) (2022): object to the hand-off, counted from 2023-03-03")
    assert "Art. 23(3) gives 5 working days" in steps
    assert any("2023-03-04 (Sat) is not a working day" in step for step in steps)
    assert steps[-1] == "ends at 24:00 of 2023-03-10, Asia/Shanghai"


def test_an_extension_is_a_step_of_its_own() -> None:
    told = (*ACCEPTED, facts.extended(time=on("2023-04-20")))
    steps = english(duty_of("D10", *told))
    assert "extended once by 30 days, Art. 34" in steps
    assert "2023-06-04" in steps[-1]


def test_a_named_date_is_told_as_named() -> None:
    report = on("2023-04-01").date()
    told = (
        *REGISTERED,
        facts.handed_off(kind=HandoffKind.ASSIGNMENT, report_due_date=report),
        facts.handoff_received(kind=HandoffKind.ASSIGNMENT, report_due_date=report),
    )
    assert "the assignment names 2023-04-01" in english(duty_of("D2", *told))


def test_where_the_law_gives_no_figure_that_is_said() -> None:
    assert "gives no figure" in english(duty_of("D4-ACCEPTANCE", *RECEIVED))[-1]


def test_every_step_is_told_in_chinese_too() -> None:
    told = (*ACCEPTED, facts.extended(time=on("2023-04-20")))
    steps = [step.zh for step in steps_of(duty_of("D10", *told), law_in_force())]
    assert steps[:3] == [
        "《信访工作条例》第三十四条:办结,自 2023-03-06 起算",
        "《信访工作条例》第三十四条规定 60 日",
        "经批准延长一次 30 日,《信访工作条例》第三十四条",
    ]
    assert steps[-1] == "至 2023-06-04 24:00(北京时间)届满"


def test_a_date_that_a_newer_calendar_moves_is_told_beside_the_one_on_record() -> None:
    published = law_in_force().calendar
    closed = published.exceptions | {date(2023, 3, 8)}
    corrected = Law(WorkCalendar("cn-corrected", published.first_year, published.last_year, closed))
    *_, before, after = english(duty_of("D5", *RECEIVED), corrected)
    assert before == f"on record stands 2023-03-10 (final), with {published.version}"
    assert after == "with cn-corrected it becomes 2023-03-13 (final) with a rebuild"


# --- custody --------------------------------------------------------------------------------------------------------

OBJECTED = (*RECEIVED, facts.objection_raised(time=on("2023-03-06")))
SERVED = (*ACCEPTED, facts.opinion_issued(), facts.opinion_served(time=on("2023-04-03")))


@pytest.mark.parametrize(
    ("told", "words", "words_zh"),
    [
        (REGISTERED, "registered on 2023-03-01, not yet passed on or accepted", "登记"),
        (OFFERED, "offered to housing by transfer on 2023-03-03, receipt not confirmed: still with petitions", "转送"),
        (
            RECEIVED,
            "received by transfer from petitions on 2023-03-03, not yet accepted; objection window until 2023-03-10",
            "异议期至 2023-03-10",
        ),
        (OBJECTED, "housing objected on 2023-03-06; petitions has to verify and rule", "核实"),
        (
            (*OBJECTED, facts.objection_received(), facts.objection_upheld(time=on("2023-03-08"))),
            "taken back from housing on 2023-03-08, its objection upheld; not passed on or accepted since",
            "认可 housing 的异议",
        ),
        (
            (*OBJECTED, facts.objection_received(), facts.objection_rejected(time=on("2023-03-08"))),
            "its objection was rejected by petitions on 2023-03-08; it stays here, not yet accepted",
            "不认可异议",
        ),
        (ACCEPTED, "accepted by housing on 2023-03-06, being handled; due by 2023-05-05", "办理期限至 2023-05-05"),
    ],
)
def test_custody_is_told_in_words(told: tuple[Event, ...], words: str, words_zh: str) -> None:
    zh, en = sentence(told)
    assert en == words
    assert words_zh in zh


def test_the_petitioners_window_and_its_end_are_told() -> None:
    zh, en = sentence(SERVED, on("2023-04-10"))
    assert en == "the opinion was served on 2023-04-03; the petitioner may ask for review until 2023-05-04"
    assert "请求复查期至 2023-05-04" in zh
    assert sentence(SERVED)[1] == "ended: the time to ask for review was over with 2023-05-04"


def test_a_petition_that_was_not_accepted_has_ended() -> None:
    declined = NotAccepted(
        petition_id=PETITION,
        agency=HOUSING,
        occurred_time=on("2023-03-07"),
        reason=RefusalReason.OUTSIDE_POWERS,
        explanation=facts.sealed(),
    )
    assert sentence((*RECEIVED, declined))[1] == "not accepted on 2023-03-07: ended"


DIVERTED = (*ACCEPTED, fact(DivertedToProcedure, time=on("2023-03-20")))
ASKED = (*ACCEPTED, facts.opinion_issued(), facts.opinion_served(time=review.SERVED), review.requested())
REVIEWED = (*ASKED, review.review_issued(), review.review_served())
ENDED = (
    *REVIEWED,
    review.requested_again(),
    review.review_issued(stage=ReviewStage.REREVIEW, agency=PROVINCE_HOUSING, occurred_time=on("2023-05-20")),
    review.review_served(stage=ReviewStage.REREVIEW, agency=PROVINCE_HOUSING, occurred_time=on("2023-05-22")),
)


@pytest.mark.parametrize(
    ("told", "now", "words", "words_zh"),
    [
        (
            DIVERTED,
            LONG_AFTER,
            "led into another procedure by housing on 2023-03-20; that procedure has its own periods",
            "导入其他法定程序",
        ),
        (
            ASKED,
            on("2023-04-12"),
            "asked for review on 2023-04-10: city-housing decides by 2023-05-10",
            "由 city-housing 办理,期限至 2023-05-10",
        ),
        (
            REVIEWED,
            on("2023-04-30"),
            "the opinion was served on 2023-04-24; the petitioner may ask for re-review until 2023-05-24",
            "请求复核期至 2023-05-24",
        ),
        (REVIEWED, LONG_AFTER, "ended: the time to ask for re-review was over with 2023-05-24", "请求复核期"),
        (ENDED, LONG_AFTER, "the re-review opinion was served on 2023-05-22: ended", "终结"),
        (
            (*ACCEPTED, fact(Settled, time=on("2023-03-20"))),
            LONG_AFTER,
            "settled by agreement on 2023-03-20: ended",
            "达成协议",
        ),
        (
            (*DIVERTED, fact(ProcedureConcluded, time=on("2023-06-01"))),
            LONG_AFTER,
            "concluded on 2023-06-01: ended",
            "办结",
        ),
    ],
)
def test_other_procedures_reviews_and_ends_are_told_in_words(
    told: tuple[Event, ...], now: datetime, words: str, words_zh: str
) -> None:
    zh, en = sentence(told, now)
    assert en == words
    assert words_zh in zh


def test_no_kind_of_custody_is_without_words() -> None:
    assert _OF_KIND.keys() == set(SegmentKind)
