"""Custody: who answers for a petition now, and to whom each second since its first receipt is charged.

The life of a petition is cut into segments that touch: no gap, no overlap, from the first receipt to the end (I1, I2).
Each segment has one custodian and one account: the custodian itself, the agency that must move while a petition is in
limbo (offered: the sender; disputed: the sender, who has to rule; unaccepted: the holder), or the petitioner's own
window, which is charged to nobody.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

PETITIONER = "petitioner"
"""The account of the petitioner's own window; no agency has this id, because nobody owes that time."""


class SegmentKind(StrEnum):
    """What a stretch of a petition's life is spent in."""

    UNACCEPTED = "unaccepted"
    OFFERED = "offered"
    DISPUTED = "disputed"
    HANDLING = "handling"
    PETITIONER_WINDOW = "petitioner_window"


class Segment(NamedTuple):
    """A stretch from `from_time` to `to_time` (None while it lasts), with its custodian and its account."""

    number: int
    kind: SegmentKind
    custodian: str
    charged_to: str
    from_time: datetime
    to_time: datetime | None = None


class Custody:
    """The segments of one petition; `apply` folds an event and returns the segments that it changed."""

    __slots__ = ("ended_time", "parties", "segments")

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.ended_time: datetime | None = None
        self.parties: set[str] = set()
        """The agencies in the chain: the one that registered first, and whom a party handed the petition to."""

    @property
    def current(self) -> Segment | None:
        """The segment that lasts, or the last one of an ended petition."""
        return self.segments[-1] if self.segments else None

    def admits(self, name: str, event: Any) -> bool:
        """Tell whether the event's agency may move the petition: nobody takes it by registering it a second time."""
        if name == "Registered":
            return not self.segments
        if name == "HandoffReceived" and self.current is not None and self.current.custodian == event.from_agency:
            return True
        return event.agency in self.parties

    def apply(self, name: str, event: Any, window_until: datetime | None = None) -> list[Segment]:
        """Fold one event of any agency's case, named without its prefix; `window_until` ends a petitioner's window."""
        if not self.admits(name, event):
            return []
        self.parties.add(event.agency)
        if name == "HandedOff":
            self.parties.add(event.to_agency)
        if name == "NotAccepted":
            return self._end(event.occurred_time)
        entry = _ENTRIES.get(name)
        if entry is None:
            return []
        kind, custodian_field, account_field = entry
        custodian = getattr(event, custodian_field)
        account = getattr(event, account_field) if account_field else PETITIONER
        start = event.received_time if name == "Registered" else event.occurred_time
        return self._enter(kind, custodian, account, start, window_until)

    def _enter(
        self, kind: SegmentKind, custodian: str, account: str, start: datetime, until: datetime | None
    ) -> list[Segment]:
        changed = self._close(start)
        # Two nodes' clocks may disagree: a segment never begins before the one that it follows.
        begin = changed[-1].to_time if changed and changed[-1].to_time else start
        ends = max(until, begin) if until is not None else None
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
    "OpinionServed": (SegmentKind.PETITIONER_WINDOW, "agency", None),
}
