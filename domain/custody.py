"""Custody: who answers for a petition now, and to whom each second since its first receipt is charged.

The life of a petition is cut into segments that touch: no gap, no overlap, from the first receipt to the end (I1, I2).
Each segment has one custodian and one account: the custodian itself, the agency that must move while a petition is in
limbo (offered: the sender; disputed: the sender, who has to rule; unaccepted: the holder), the agency that led the
matter into another procedure while that lasts, or the petitioner's own window, which is charged to nobody.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from domain.vocabulary import Adoption, ReviewResult, ReviewStage, Word

PETITIONER = "petitioner"
"""The account of the petitioner's own window; no agency has this id, because nobody owes that time."""


class SegmentKind(Word):
    """What a stretch of a petition's life is spent in."""

    UNACCEPTED = "unaccepted", "待受理"
    OFFERED = "offered", "转送途中"
    DISPUTED = "disputed", "异议待核实"
    HANDLING = "handling", "办理"
    OTHER_PROCEDURE = "other_procedure", "其他程序"
    REVIEW = "review", "复查(复核)"
    PETITIONER_WINDOW = "petitioner_window", "信访人请求期限"


class Segment(NamedTuple):
    """A stretch from `from_time` to `to_time` (None while it lasts), with its custodian and its account."""

    number: int
    kind: SegmentKind
    custodian: str
    charged_to: str
    from_time: datetime
    to_time: datetime | None = None


class Account(NamedTuple):
    """All time of one kind that is charged to one account: an agency's clock, or the petitioner's."""

    charged_to: str
    kind: str
    spent: timedelta


def accounts_of(segments: Iterable[Any], now: datetime) -> tuple[Account, ...]:
    """Sum a petition's segments up to `now` by account and kind, the longest first.

    Takes anything with the fields of `Segment`. The sums add up to the citizen's own clock (I2): the time from the
    first receipt to the end, or to `now`.
    """
    spent: dict[tuple[str, str], timedelta] = {}
    for one in segments:
        until = min(now, one.to_time or now)
        key = (one.charged_to, one.kind)
        spent[key] = spent.get(key, timedelta()) + max(until - one.from_time, timedelta())
    accounts = (Account(charged_to, kind, time) for (charged_to, kind), time in spent.items())
    return tuple(sorted(accounts, key=lambda account: (-account.spent, account.charged_to, account.kind)))


class Custody:
    """The segments of one petition; `apply` folds an event and returns the segments that it changed."""

    __slots__ = ("_window_until", "ended_time", "parties", "segments")

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.ended_time: datetime | None = None
        self._window_until: datetime | None = None
        self.parties: set[str] = set()
        """The agencies in the chain: the one that registered first, and whom a party handed the petition to."""

    @property
    def current(self) -> Segment | None:
        """The segment that lasts, or the last one of an ended petition."""
        return self.segments[-1] if self.segments else None

    def admits(self, name: str, event: Any) -> bool:
        """Tell whether the event's agency may move the petition.

        Nobody takes it by registering it a second time, and a reviewer only out of the petitioner's window, Art. 35.
        """
        if name == "Registered":
            return not self.segments
        invited_by = _INVITED_BY.get(name)
        if invited_by is None:
            return event.agency in self.parties
        current = self.current
        if current is not None and current.custodian == invited_by(event):
            return name == "HandoffReceived" or current.kind is SegmentKind.PETITIONER_WINDOW
        return event.agency in self.parties and name != "ReviewRequested"

    def apply(self, name: str, event: Any, window_until: datetime | None = None) -> list[Segment]:
        """Fold one event of any agency's case, named without its prefix; `window_until` ends a petitioner's window."""
        return self.move(name, event, window_until) if self.admits(name, event) else []

    def move(self, name: str, event: Any, window_until: datetime | None = None) -> list[Segment]:
        """Fold one event that `admits` let in."""
        self.parties.add(event.agency)
        if name in _INVITING:
            self.parties.add(event.to_agency)
        if name in _MOVES and not _MOVES[name](self, event):
            return []
        if name in _ENDS and _ENDS[name](event):
            return self._end(event.occurred_time)
        if name == "ReviewDeclined":
            return self._decline_review(event)
        entry = _ENTRIES.get(name)
        if entry is None:
            return []
        kind, custodian_field, account_field = entry
        custodian = getattr(event, custodian_field)
        account = getattr(event, account_field) if account_field else PETITIONER
        start = event.received_time if name == "Registered" else event.occurred_time
        return self._enter(kind, custodian, account, start, window_until)

    def stands_in(self, kind: SegmentKind, custodian: str | None = None) -> bool:
        """Tell whether the petition is now in a stretch of that kind, of that custodian; only a window may be over."""
        current = self.current
        if current is None or current.kind is not kind or custodian not in (None, current.custodian):
            return False
        return self.ended_time is None or kind is SegmentKind.PETITIONER_WINDOW

    def awaits_last_word(self, event: Any) -> bool:
        """Tell whether a re-review's opinion ends the petition although its request came before the service below."""
        return event.stage == ReviewStage.REREVIEW and any(map(self.stands_in, _REVIEWED))

    def _decline_review(self, event: Any) -> list[Segment]:
        """What was not taken up for review stands where it stood: in the window, which may be over by now."""
        window = next(one for one in reversed(self.segments) if one.kind is SegmentKind.PETITIONER_WINDOW)
        return self._enter(window.kind, window.custodian, PETITIONER, event.occurred_time, self._window_until)

    def _enter(
        self, kind: SegmentKind, custodian: str, account: str, start: datetime, until: datetime | None
    ) -> list[Segment]:
        changed = self._close(start)
        # Two nodes' clocks may disagree: a segment never begins before the one that it follows.
        begin = changed[-1].to_time if changed and changed[-1].to_time else start
        ends = max(until, begin) if until is not None else None
        self._window_until = until or self._window_until
        self.segments.append(Segment(len(self.segments) + 1, kind, custodian, account, begin, ends))
        self.ended_time = ends
        return [*changed, self.segments[-1]]

    def _close(self, time: datetime) -> list[Segment]:
        if not self.segments:
            return []
        last = self.segments[-1]
        to_time = max(time, last.from_time)
        if last.to_time is not None and last.kind is not SegmentKind.PETITIONER_WINDOW:
            to_time = max(to_time, last.to_time)
        self.segments[-1] = last._replace(to_time=to_time)
        return [self.segments[-1]]

    def _end(self, time: datetime) -> list[Segment]:
        changed = self._close(time)
        self.ended_time = changed[-1].to_time if changed else None
        return changed


_ENTRIES: dict[str, tuple[SegmentKind, str, str | None]] = {
    "Registered": (SegmentKind.UNACCEPTED, "agency", "agency"),
    "HandedOff": (SegmentKind.OFFERED, "agency", "agency"),
    "HandoffReceived": (SegmentKind.UNACCEPTED, "agency", "agency"),
    "ObjectionRaised": (SegmentKind.DISPUTED, "agency", "to_agency"),
    "ObjectionUpheld": (SegmentKind.UNACCEPTED, "agency", "agency"),
    "ObjectionRejected": (SegmentKind.UNACCEPTED, "to_agency", "to_agency"),
    "Accepted": (SegmentKind.HANDLING, "agency", "agency"),
    "DivertedToProcedure": (SegmentKind.OTHER_PROCEDURE, "agency", "agency"),
    "ResumedFromProcedure": (SegmentKind.HANDLING, "agency", "agency"),
    "OpinionServed": (SegmentKind.PETITIONER_WINDOW, "agency", None),
    "ReviewRequested": (SegmentKind.REVIEW, "agency", "agency"),
    "ReviewOpened": (SegmentKind.REVIEW, "to_agency", "to_agency"),
    "ReviewOpinionServed": (SegmentKind.PETITIONER_WINDOW, "agency", None),
    "ReviewResultReceived": (SegmentKind.HANDLING, "agency", "agency"),
}
"""What each event begins: the kind of stretch, and the fields that name its custodian and its account."""

_MOVES: dict[str, Callable[[Custody, Any], bool]] = {
    "ReviewOpened": lambda custody, event: (
        event.served_time is not None and custody.stands_in(SegmentKind.PETITIONER_WINDOW, event.agency)
    ),
    "ReviewDeclined": lambda custody, event: custody.stands_in(SegmentKind.REVIEW, event.agency),
    "ReviewOpinionServed": lambda custody, event: (
        event.result != ReviewResult.REVOKE
        and (custody.stands_in(SegmentKind.REVIEW, event.agency) or custody.awaits_last_word(event))
    ),
    "ReviewResultReceived": lambda custody, event: event.result == ReviewResult.REVOKE and custody.ended_time is None,
}
"""When a step of a review moves the petition.

Nobody carries a request for review to the bus but the petitioner, so it may come there before the service of what is
asked about: then the file that the handler opens for it moves the petition. A revoked opinion opens no window: the
matter goes back to its handler. What comes after the last word moves nothing.
"""

_REVIEWED = (SegmentKind.REVIEW, SegmentKind.PETITIONER_WINDOW)
_INVITING = frozenset({"HandedOff", "ReviewOpened"})
"""What brings the agency that it is addressed to into the chain."""

_INVITED_BY: dict[str, Callable[[Any], str]] = {
    "HandoffReceived": lambda event: event.from_agency,
    "ReviewRequested": lambda event: event.of_agency,
}
"""Who must hold the petition for the event's agency to take it although it is not in the chain yet."""

_ENDS: dict[str, Callable[[Any], bool]] = {
    "NotAccepted": lambda _: True,
    "ProcedureConcluded": lambda _: True,
    "Settled": lambda _: True,
    "SuggestionDecided": lambda event: event.adoption == Adoption.NOT_ADOPTED,
    "SuggestionReplied": lambda _: True,
    "AccusationConcluded": lambda _: True,
    "ReviewOpinionServed": lambda event: event.stage == ReviewStage.REREVIEW,
}
"""What ends a petition's road, apart from a window that lapses; the opinion of the re-review is final, Art. 36(3)."""
