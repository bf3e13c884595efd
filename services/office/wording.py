"""Custody in words: who holds a petition and why, in Chinese and in English, for a person who asks on the telephone.

Each sentence is told from the rows of the views and from nothing else; dates are civil dates in Asia/Shanghai. It
states what happened and what is awaited of whom, never whether anybody did well.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from domain.calendar import civil_date
from domain.custody import SegmentKind
from domain.vocabulary import HandoffKind
from services.office.views.handoffs import HandoffRow
from services.office.views.petitions import PetitionRow

Sentence = tuple[str, str]
"""The same in Chinese and in English."""


class Situation(NamedTuple):
    """A petition with its last hand-off, and the dates that its holder has to keep."""

    petition: Any
    handoff: HandoffRow | None = None
    objection_until: datetime | None = None
    handling_until: datetime | None = None


def why(situation: Situation, now: datetime) -> Sentence:
    """Say who holds the petition and what is awaited."""
    petition: PetitionRow = situation.petition
    if petition.ended_time is not None and petition.ended_time <= now:
        return _ended(petition)
    if petition.custody_kind is None:
        return (
            "登记记录尚未收到或已跳过,责任单位不明",
            "its registration is missing here, so nobody is known to hold it",
        )
    return _OF_KIND[SegmentKind(petition.custody_kind)](situation)


def _ended(petition: PetitionRow) -> Sentence:
    assert petition.ended_time is not None
    if (ending := _ENDINGS.get(petition.phase)) is not None:
        day = _day(petition.ended_time)
        return f"{day} {ending[0]}", f"{ending[1]} on {day}: ended"
    last = _last_day(petition.ended_time)
    zh, en = _asked_next(petition)
    return f"请求{zh}期至 {last} 届满,已办结", f"ended: the time to ask for {en} was over with {last}"


_ENDINGS: dict[str, Sentence] = {
    "not_accepted": ("不予受理,已办结", "not accepted"),
    "concluded": ("办结", "concluded"),
    "settled": ("达成协议,已办结", "settled by agreement"),
    "ended": ("复核意见送达,终结", "the re-review opinion was served"),
}
"""By its last phase, how a petition ended otherwise than by a window that lapsed."""


def _asked_next(petition: PetitionRow) -> Sentence:
    return ("复核", "re-review") if petition.phase == "review_served" else ("复查", "review")


def _unaccepted(situation: Situation) -> Sentence:
    petition, handoff = situation.petition, situation.handoff
    day = _day(petition.held_since)
    if handoff is not None and petition.custodian == handoff.to_agency and not handoff.returned:
        return _received(situation, handoff, day)
    if handoff is not None and petition.custodian == handoff.from_agency and handoff.returned:
        return (
            f"{day} 认可 {handoff.to_agency} 的异议,收回,尚未另行转送、交办或受理",
            f"taken back from {handoff.to_agency} on {day}, its objection upheld; not passed on or accepted since",
        )
    return f"{day} 登记,尚未转送、交办或受理", f"registered on {day}, not yet passed on or accepted"


def _received(situation: Situation, handoff: HandoffRow, day: str) -> Sentence:
    kind = _kind(handoff.kind)
    if handoff.ruled_time is not None:
        zh = f"{handoff.from_agency} 于 {day} 不认可异议,仍由 {handoff.to_agency} 负责,尚未受理"
        en = f"its objection was rejected by {handoff.from_agency} on {day}; it stays here, not yet accepted"
        return zh, en
    zh = f"{day} 收到 {handoff.from_agency} {kind.term},尚未受理"
    en = f"received by {kind} from {handoff.from_agency} on {day}, not yet accepted"
    if situation.objection_until is not None:
        last = _last_day(situation.objection_until)
        zh, en = f"{zh};异议期至 {last}", f"{en}; objection window until {last}"
    return zh, en


def _offered(situation: Situation) -> Sentence:
    petition, handoff = situation.petition, situation.handoff
    day = _day(petition.held_since)
    to_agency = handoff.to_agency if handoff else "?"
    kind = _kind(handoff.kind) if handoff else HandoffKind.TRANSFER
    return (
        f"{day} 向 {to_agency} {kind.term},尚未确认收到,仍由 {petition.custodian} 负责",
        f"offered to {to_agency} by {kind} on {day}, receipt not confirmed: still with {petition.custodian}",
    )


def _disputed(situation: Situation) -> Sentence:
    petition = situation.petition
    day = _day(petition.held_since)
    return (
        f"{petition.custodian} 于 {day} 提出异议,待 {petition.charged_to} 核实",
        f"{petition.custodian} objected on {day}; {petition.charged_to} has to verify and rule",
    )


def _handling(situation: Situation) -> Sentence:
    petition = situation.petition
    day = _day(petition.held_since)
    zh, en = f"{day} 由 {petition.custodian} 受理,正在办理", f"accepted by {petition.custodian} on {day}, being handled"
    if situation.handling_until is not None:
        last = _last_day(situation.handling_until)
        zh, en = f"{zh},办理期限至 {last}", f"{en}; due by {last}"
    return zh, en


def _in_petitioners_window(situation: Situation) -> Sentence:
    petition = situation.petition
    day = _day(petition.held_since)
    last = _last_day(petition.ended_time) if petition.ended_time else "?"
    zh, en = _asked_next(petition)
    return (
        f"{day} 送达意见,请求{zh}期至 {last}",
        f"the opinion was served on {day}; the petitioner may ask for {en} until {last}",
    )


def _in_other_procedure(situation: Situation) -> Sentence:
    petition = situation.petition
    day = _day(petition.held_since)
    return (
        f"{petition.custodian} 于 {day} 导入其他法定程序,依照该程序的期限办理",
        f"led into another procedure by {petition.custodian} on {day}; that procedure has its own periods",
    )


def _under_review(situation: Situation) -> Sentence:
    petition = situation.petition
    day = _day(petition.held_since)
    zh, en = (
        f"{day} 收到复查(复核)请求,由 {petition.custodian} 办理",
        f"asked for review on {day}: {petition.custodian} decides",
    )
    if situation.handling_until is not None:
        last = _last_day(situation.handling_until)
        zh, en = f"{zh},期限至 {last}", f"{en} by {last}"
    return zh, en


_OF_KIND: dict[SegmentKind, Callable[[Situation], Sentence]] = {
    SegmentKind.UNACCEPTED: _unaccepted,
    SegmentKind.OFFERED: _offered,
    SegmentKind.DISPUTED: _disputed,
    SegmentKind.HANDLING: _handling,
    SegmentKind.OTHER_PROCEDURE: _in_other_procedure,
    SegmentKind.REVIEW: _under_review,
    SegmentKind.PETITIONER_WINDOW: _in_petitioners_window,
}


def _kind(value: str) -> HandoffKind:
    return next(kind for kind in HandoffKind if kind == value)


def _day(instant: datetime | None) -> str:
    return str(civil_date(instant)) if instant else "?"


def _last_day(end: datetime) -> str:
    """The last day of a period that ends at 24:00 of it."""
    return str(civil_date(end - end.resolution))
