"""Progress: what the petitioner sees of the own matter, Arts. 18(1) and 21(2): where it went, what came of it.

`progress_of` reads the facts of every agency on one petition and keeps what concerns the petitioner: dates, the
agencies that the matter passed through, results in the words of the law, and the petitioner's own windows. It never
keeps other petitioners, how many they are, linked petitions, officials, objections, reports between agencies, accused
agencies or contents. Of an accusation it says only that it was registered, accepted or not, and concluded, at the
registering agency: who holds the code need not be the accuser, Art. 30(3).
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from domain.custody import PETITIONER
from domain.duties import CASE_PREFIX, Duty
from domain.event import Happening
from domain.law import Law
from domain.petition import Changes, PetitionFile
from domain.rules import Nature
from domain.vocabulary import (
    Adoption,
    Category,
    HandoffKind,
    Outcome,
    RefusalReason,
    ReviewRefusal,
    ReviewResult,
    ReviewStage,
    Route,
    Word,
)


class StepRow(NamedTuple):
    """What the petitioner is told of a fact: a name, words, which field names the agency, and which words explain it.

    The petitioner is a person: the sentences are read by people who know no law.
    """

    step: str
    title_zh: str
    title: str
    words: tuple[tuple[str, type[Word]], ...] = ()
    agency_in: str = "agency"
    until_in: str | None = None


STEPS: Mapping[str, StepRow] = {
    "Registered": StepRow("registered", "登记", "registered"),
    "HandedOff": StepRow("handed_on", "转送、交办", "handed on to", (("kind", HandoffKind),), "to_agency"),
    "HandoffReceived": StepRow("received", "收到", "received"),
    "ObjectionUpheld": StepRow("returned", "退回", "came back to"),
    "ReceiptNotified": StepRow("notified", "书面告知接收情况", "you were told of receipt, path and procedure"),
    "Accepted": StepRow("accepted", "受理", "accepted", (("route", Route),)),
    "NotAccepted": StepRow("not_accepted", "不予受理", "not accepted", (("reason", RefusalReason),)),
    "Extended": StepRow("extended", "延长办理期限", "handling extended", until_in="due_date"),
    "DivertedToProcedure": StepRow("diverted", "导入其他法定程序", "led into another procedure", (("route", Route),)),
    "ResumedFromProcedure": StepRow("resumed", "恢复信访办理", "handling resumed"),
    "ProcedureConcluded": StepRow("concluded", "程序办结", "the procedure ended"),
    "HearingOpened": StepRow("hearing_opened", "听证开始", "hearing opened"),
    "HearingClosed": StepRow("hearing_closed", "听证结束", "hearing closed"),
    "Settled": StepRow("settled", "达成调解、和解协议", "settled by agreement"),
    "OpinionServed": StepRow("opinion_served", "处理意见书送达", "the handling opinion reached you"),
    "ExecutionCompleted": StepRow("executed", "处理意见执行完毕", "the opinion was carried out"),
    "ExecutionRefused": StepRow("execution_refused", "处理意见未执行", "the opinion was not carried out"),
    "SuggestionDecided": StepRow("suggestion_decided", "建议研究", "suggestion decided", (("adoption", Adoption),)),
    "SuggestionReplied": StepRow("suggestion_replied", "建议答复", "suggestion answered"),
    "AccusationConcluded": StepRow("concluded", "办结", "concluded"),
    "ReviewRequested": StepRow("review_requested", "请求复查、复核", "review asked for", (("stage", ReviewStage),)),
    "ReviewDeclined": StepRow("review_declined", "复查、复核未受理", "review declined", (("reason", ReviewRefusal),)),
    "ReviewOpinionServed": StepRow(
        "review_served",
        "复查、复核意见送达",
        "the review opinion reached you",
        (("stage", ReviewStage), ("result", ReviewResult)),
    ),
}  # fmt: skip
"""The facts that a petitioner is told of, and no others."""

_OF_ACCUSATION = frozenset({"Registered", "Accepted", "NotAccepted", "AccusationConcluded"})

TOLD_DUTIES = frozenset(
    {
        "D1",
        "D3",
        "D4",
        "D3-ACCEPTANCE",
        "D4-ACCEPTANCE",
        "D6",
        "D7",
        "D10",
        "D11-PROCEDURE",
        "D11-SUGGESTION",
        "D11-REPLY",
        "SIMPLE-ACCEPTANCE",
        "SIMPLE-OPINION",
        "EXECUTION",
        "D13",
        "D13-REDO",
        "D15",
        "D15-SERVICE",
    }
)
"""What agencies owe to the petitioner; what they owe to each other is not told."""

_OUTLIVING = frozenset({"EXECUTION"})
"""A supporting opinion is to be carried out also when nobody holds the matter any more, Art. 32(2)."""


class Step(NamedTuple):
    """One step of the trail; `words` are those of the law, `until` is a date that the step itself names."""

    row: StepRow
    time: datetime
    agency: str
    words: tuple[Word, ...] = ()
    until: date | None = None


class Progress(NamedTuple):
    """What the petitioner may know; `holder` is None once the matter has ended, or of nothing that was registered."""

    steps: tuple[Step, ...] = ()
    holder: str | None = None
    due: Duty | None = None
    windows: tuple[Duty, ...] = ()
    is_accusation: bool = False
    accused_agencies: frozenset[str] = frozenset()


def progress_of(facts: Iterable[Happening], law: Law, now: datetime) -> Progress:
    """Fold every fact on one petition, in the order of the bus, into what its petitioner may know at `now`."""
    trail = _Trail()
    file: PetitionFile | None = None
    for happening in facts:
        file = file or PetitionFile(happening.event.petition_id)
        event: Any = happening.event
        name = event.type_name.removeprefix(CASE_PREFIX)
        # Only the agencies in the petition's chain say anything about it.
        if event.type_name.startswith(CASE_PREFIX) and file.custody.admits(name, event):
            trail.add(name, event)
        file.apply(happening, law, Changes())
    if file is None or file.first_agency is None:
        return Progress()
    return _of_accusation(trail, file, now) if trail.is_accusation else _whole(trail, file, now)


class _Trail:
    """The steps so far, and what is needed to tell them."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, Step]] = []
        self.is_accusation = False
        self.accused: frozenset[str] = frozenset()
        self._outcomes: dict[str, Word] = {}

    def add(self, name: str, event: Any) -> None:
        if name == "Classified":
            # A matter that once was an accusation is told of as one for good: that errs to the safe side.
            self.is_accusation = self.is_accusation or event.category == Category.ACCUSATION
            self.accused |= frozenset(event.accused_agencies)
        elif name == "OpinionIssued":
            # The opinion is told of when it reached the petitioner, and not before.
            self._outcomes[event.agency] = _word(Outcome, event.outcome)
        if (row := STEPS.get(name)) is None:
            return
        time = event.received_time if name == "Registered" else event.occurred_time
        words = tuple(_word(kind, said) for field, kind in row.words if (said := getattr(event, field)) is not None)
        if name == "OpinionServed" and event.agency in self._outcomes:
            words = (self._outcomes[event.agency],)
        until = getattr(event, row.until_in) if row.until_in else None
        self.steps.append((name, Step(row, time, getattr(event, row.agency_in), words, until)))


def _of_accusation(trail: _Trail, file: PetitionFile, now: datetime) -> Progress:
    assert file.first_agency is not None
    told = [step for name, step in trail.steps if name in _OF_ACCUSATION]
    return Progress(
        steps=tuple(step._replace(agency=file.first_agency, words=()) for step in told),
        holder=None if file.has_ended(now) else file.first_agency,
        is_accusation=True,
        accused_agencies=trail.accused,
    )


def _whole(trail: _Trail, file: PetitionFile, now: datetime) -> Progress:
    segment = file.custody.current
    holder = segment.custodian if segment and not file.has_ended(now) else None
    standing = [duty for duty in file.duties if duty.is_open]
    owed = [
        duty
        for duty in standing
        if duty.nature == Nature.DUTY
        and duty.rule_id in TOLD_DUTIES
        and (duty.debtor == holder or duty.rule_id in _OUTLIVING)
    ]
    own = [duty for duty in standing if duty.debtor == PETITIONER and duty.due_time and now < duty.due_time]
    return Progress(
        steps=tuple(step for _, step in trail.steps),
        holder=holder,
        due=min(owed, key=_soonest, default=None),
        windows=tuple(sorted(own, key=_soonest)),
    )


def _word(kind: type[Word], said: str) -> Word:
    return next(word for word in kind if word == said)


def _soonest(duty: Duty) -> tuple[bool, date, str]:
    return duty.due_date is None, duty.due_date or date.max, duty.rule_id
