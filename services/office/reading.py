"""How the office's reads are answered: on one snapshot of the views, not before a fact that the caller knows of.

`as_of_sequence` and the rows come from the same instant. A caller that names a position of a node's log waits until
that fact is taken in, at most a few seconds, and learns at once if it is parked instead. Nothing here writes.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from domain.event import Refusal
from lianxi.office.v1 import office_service_pb2 as pb
from services.kit.database import Rows
from services.kit.node import Node
from services.kit.rpc.errors import Malformed, Refused, Violation
from services.kit.rpc.pages import key_of, page_size, token_of
from services.kit.snapshots import Snapshots
from services.office.store import open_views
from services.office.views import VIEWS_VERSION

Answer = TypeVar("Answer")

WAIT_SECONDS_MAX = 5.0
LOOK_SECONDS_FIRST, LOOK_SECONDS_MAX = 0.005, 0.05

_PLACE = """
    SELECT EXISTS (SELECT FROM office.inbox WHERE node = %(node)s AND position = %(position)s) AS taken_in,
           EXISTS (SELECT FROM office.parked WHERE node = %(node)s AND position = %(position)s) AS parked"""

_OUTDATED = Refusal(
    "VIEWS_OUTDATED",
    "the views are of another version of this software and are being rebuilt",
    "视图正在按新版本重建",
    remedy="ask again shortly; the office's log says how far the rebuild is",
)
_PARKED = Refusal(
    "FACT_PARKED",
    "this fact could not be folded and is parked",
    "该记录无法处理,已搁置",
    field="min_position",
    remedy="look at ListParked, then retry or skip the record",
)


class Page(NamedTuple):
    """Which rows of a list are asked for: those after a key, one more than fit, and how the next page is named."""

    question: tuple[object, ...]
    after: tuple[str, ...] | None
    size: int

    @classmethod
    def asked(cls, request: Any, question: tuple[object, ...], parts: int) -> "Page":
        """Read size and token of a request; raise `Malformed` for a token of another list."""
        return cls(question, key_of(request.page_token, question, parts), page_size(request.page_size))

    @property
    def parameters(self) -> dict[str, Any]:
        """The query parameters `limit` and, after the first page, `after_0`, `after_1` and so on."""
        return {"limit": self.size + 1, **{f"after_{place}": part for place, part in enumerate(self.after or ())}}

    def cut(self, rows: Sequence[Answer], key: Callable[[Answer], tuple[str, ...]]) -> tuple[Sequence[Answer], str]:
        """Return the rows of this page and the token of the next one, empty on the last."""
        if len(rows) <= self.size:
            return rows, ""
        return rows[: self.size], token_of(key(rows[self.size - 1]), self.question)


class Reader:
    """Asks the views; safe to share between threads. `close` lets go of its connections."""

    def __init__(self, node: Node) -> None:
        self._snapshots = Snapshots(lambda: open_views(node.settings.log_dsn))

    def close(self) -> None:
        """Close the connections."""
        self._snapshots.close()

    def read(self, question: Callable[[Rows], Answer]) -> tuple[int, Answer]:
        """Return the sequence up to which the views are folded, and what the question finds just there."""

        def asked(snapshot: Rows) -> tuple[int, Answer]:
            row = snapshot.execute("SELECT sequence, views_version FROM office.inbox_head").fetchone()
            if row is None or not row[1].startswith(f"{VIEWS_VERSION}/"):
                raise Refused(_OUTDATED)
            return row[0], question(snapshot)

        return self._snapshots.read(asked)

    def rows(self, query: str, parameters: dict[str, Any]) -> tuple[int, list[tuple[Any, ...]]]:
        """Return the same for one query."""
        return self.read(lambda snapshot: select(snapshot, query, parameters))

    def wait_for(self, place: pb.NodePosition) -> None:
        """Wait until the fact at this place is in the views; raise `Refused` when it is parked, or did not come."""
        if not place.node and place.position <= 0:
            return
        if not place.node or place.position <= 0:
            raise Malformed([Violation("min_position", "a node and a position of its log are needed")])
        parameters = {"node": place.node, "position": place.position}
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        pause = LOOK_SECONDS_FIRST
        while True:
            [(taken_in, parked)] = self._snapshots.read(lambda snapshot: select(snapshot, _PLACE, parameters))
            if taken_in:
                return
            if parked:
                raise Refused(_PARKED)
            if time.monotonic() > deadline:
                raise Refused(_not_reached(place))
            time.sleep(pause)
            pause = min(1.5 * pause, LOOK_SECONDS_MAX)


def select(snapshot: Rows, query: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return all rows that a query finds."""
    return snapshot.execute(query.encode(), parameters).fetchall()


def uuid_of(text: str, field: str) -> UUID:
    """Read an id; raise `Malformed` that names the field."""
    try:
        return UUID(text)
    except ValueError:
        raise Malformed([Violation(field, "a UUID is needed")]) from None


def _not_reached(place: pb.NodePosition) -> Refusal:
    return Refusal(
        "POSITION_NOT_REACHED",
        f"the office has not taken in position {place.position} of that node yet",
        f"联席会议办公室尚未收到该节点位置 {place.position} 的记录",
        field="min_position",
        remedy="ask again shortly; GetOverview shows how far each node's facts have come",
    )
