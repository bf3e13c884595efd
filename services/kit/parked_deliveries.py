"""Inbox records that could not be taken in: kept as they came, seen by an operator, tried again or skipped.

A record that cannot be read or that the domain refuses must neither stop the node nor vanish. While one of a petition's
records is parked, its later ones wait here too (`WAITS`), because their order means something. The inbox alone tries
records again; an operator asks for it, or skips, and what was asked, by whom and why stays in the row.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from services.kit.log.connection import LogConnection, connect

WAITS = "WAITS"
TAKEN_IN, SKIPPED = "taken in", "skipped"

_PARK = """
insert into parked_delivery (record_offset, cause, petition_id, record, code, reason, article)
values (%s, %s, %s, %s, %s, %s, %s) on conflict do nothing
"""
_STANDING = """
select petition_id, null, null from parked_delivery where resolved_time is null and petition_id = any(%s)
union all
select null, cause, resolution from parked_delivery where cause = any(%s)
"""
_OPEN = """
select record_offset, cause, petition_id, record, code, reason, article, parked_time, retry_wanted_time
from parked_delivery where resolved_time is null order by record_offset
"""
_DUE = """
select record_offset, cause, petition_id, record, code, reason, article, parked_time, retry_wanted_time
from parked_delivery as parked
where resolved_time is null and (retry_wanted_time is not null or code = 'WAITS') and not exists (
    select from parked_delivery as earlier
    where earlier.resolved_time is null and earlier.petition_id = parked.petition_id
      and earlier.record_offset < parked.record_offset
      and earlier.code <> 'WAITS' and earlier.retry_wanted_time is null
)
order by record_offset limit %s
"""
_WANT_ALL = "update parked_delivery set retry_wanted_time = now() where resolved_time is null"
_WANT_BY_CODE = "update parked_delivery set retry_wanted_time = now() where resolved_time is null and code = %s"
_TAKEN_IN = "update parked_delivery set resolved_time = now(), resolution = %s where record_offset = %s"
_SKIP = """
update parked_delivery set resolved_time = now(), resolution = %s, resolved_by = %s, resolution_reason = %s
where resolved_time is null and (
    record_offset = %s or cause = (select cause from parked_delivery where record_offset = %s)
)
"""
_PARK_AGAIN = """
update parked_delivery set record = %s, code = %s, reason = %s, article = %s, retry_wanted_time = null
where record_offset = %s and resolved_time is null
"""
_WANT_RETRY = """
update parked_delivery set retry_wanted_time = now(), resolved_by = %s, resolution_reason = %s
where resolved_time is null and (%s::bigint is null or record_offset = %s)
"""


class Fault(NamedTuple):
    """Why a record cannot be taken in: a code, a sentence, and the article where the law says so."""

    code: str
    reason: str
    article: str = ""


class Parked(NamedTuple):
    """A parked record that is not resolved."""

    record_offset: int
    cause: str | None
    petition_id: str | None
    record: bytes
    code: str
    reason: str
    article: str
    parked_time: datetime
    retry_wanted_time: datetime | None


class Standing(NamedTuple):
    """What the table says about a batch: the petitions that are held up, and the causes that were dealt with."""

    held_up_petitions: frozenset[str]
    skipped_causes: frozenset[str]


class ParkedDeliveries:
    """The parked records of one node, over the connection of its active inbox."""

    def __init__(self, connection: LogConnection) -> None:
        self._connection = connection

    def standing(self, petitions: Sequence[str], causes: Sequence[str]) -> Standing:
        """Return which of these petitions are held up, and which of these causes were skipped."""
        rows = self._connection.execute(_STANDING, (list(petitions), list(causes))).fetchall()
        return Standing(
            frozenset(petition for petition, _, _ in rows if petition),
            frozenset(cause for _, cause, resolution in rows if resolution == SKIPPED),
        )

    def park(self, record_offset: int, cause: str | None, petition_id: str | None, record: bytes, fault: Fault) -> None:
        """Keep a record; one that stands here already changes nothing."""
        self._connection.execute(_PARK, (record_offset, cause, petition_id, record, *fault))

    def due(self, limit: int) -> list[Parked]:
        """Return what is to be tried, in order: what is wanted, and what waits behind nothing any more."""
        return list(map(Parked._make, self._connection.execute(_DUE, (limit,)).fetchall()))

    def want_all(self) -> None:
        """Let everything be tried once more: newer software may understand it."""
        self._connection.execute(_WANT_ALL)

    def want_by_code(self, code: str) -> None:
        """Let what is parked for one reason be tried once more: that reason may be gone."""
        self._connection.execute(_WANT_BY_CODE, (code,))

    def taken_in(self, record_offset: int) -> None:
        """Note that a parked record was taken in after all; who asked for it, if anyone did, stays in the row."""
        self._connection.execute(_TAKEN_IN, (TAKEN_IN, record_offset))

    def park_again(self, record_offset: int, record: bytes, fault: Fault) -> None:
        """Note that trying again failed, why, and what of the record may still be kept."""
        self._connection.execute(_PARK_AGAIN, (record, *fault, record_offset))


def list_parked(dsn: str) -> list[Parked]:
    """Return the records of a node that are not resolved; raises `psycopg.OperationalError`."""
    with connect(dsn) as connection:
        return list(map(Parked._make, connection.execute(_OPEN).fetchall()))


def want_retry(dsn: str, record_offset: int | None, who: str, reason: str) -> int:
    """Ask the inbox to try one record again, or all without an offset; return how many that are."""
    with connect(dsn) as connection:
        return connection.execute(_WANT_RETRY, (who, reason, record_offset, record_offset)).rowcount


def skip(dsn: str, record_offset: int, who: str, reason: str) -> bool:
    """Give a record up for good, with every copy of it, on record; tell whether it was open."""
    with connect(dsn) as connection:
        return connection.execute(_SKIP, (SKIPPED, who, reason, record_offset, record_offset)).rowcount > 0
