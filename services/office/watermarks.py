"""What came before: a watermark per node and partition, and the inbox where the watermark cannot tell.

Positions of a node rise within a partition, so a record above the watermark is new and costs nothing to tell. One at or
below it is nearly always a repetition; but a record that was lost and sent again may have been overtaken by a later
one. Such a record is looked up rather than believed to be a repetition: no fact is dropped on an assumption.
"""

from collections import Counter
from typing import NamedTuple

from services.kit.database import Rows
from services.office.batch import Taken

Stream = tuple[str, int]
"""A node and a partition."""

_MOVE = """
    INSERT INTO office.watermark AS w SELECT * FROM unnest(%b::text[], %b::int[], %b::bigint[], %b::bigint[])
    ON CONFLICT (node, partition) DO UPDATE
    SET last_position = excluded.last_position, received = w.received + excluded.received"""

_KNOWN = """
    SELECT node, position FROM office.inbox WHERE node = ANY(%(nodes)s) AND position = ANY(%(positions)s)
    UNION ALL SELECT node, position FROM office.parked WHERE node = ANY(%(nodes)s) AND position = ANY(%(positions)s)"""


class Sifted(NamedTuple):
    """The records of a batch that are new, the watermarks after it, and how many new positions each stream brought."""

    fresh: list[Taken]
    marks: dict[Stream, int]
    counts: Counter[Stream]


class Watermarks:
    """The watermarks as the database knows them."""

    def __init__(self, connection: Rows) -> None:
        self._connection = connection
        rows = connection.execute("SELECT node, partition, last_position FROM office.watermark").fetchall()
        self._marks: dict[Stream, int] = {(node, partition): position for node, partition, position in rows}

    def sift(self, batch: list[Taken]) -> Sifted:
        """Drop what came before; what cannot be read has no position and is always new."""
        marks: dict[Stream, int] = {}
        counts: Counter[Stream] = Counter()
        fresh: list[Taken] = []
        doubtful: list[tuple[Stream, Taken]] = []
        for taken in batch:
            if taken.envelope is None:
                fresh.append(taken)
                continue
            stream = (taken.envelope.node, taken.record.partition)
            if taken.envelope.position > marks.get(stream, self._marks.get(stream, 0)):
                marks[stream] = taken.envelope.position
                counts[stream] += 1
                fresh.append(taken)
            else:
                doubtful.append((stream, taken))
        overtaken = self._overtaken(doubtful, fresh, marks, counts) if doubtful else []
        # What was overtaken came before: its place is in front of the batch that it is found in.
        return Sifted([*overtaken, *fresh], marks, counts)

    def _overtaken(
        self,
        doubtful: list[tuple[Stream, Taken]],
        fresh: list[Taken],
        marks: dict[Stream, int],
        counts: Counter[Stream],
    ) -> list[Taken]:
        places = [_place(taken) for _, taken in doubtful]
        values = {"nodes": list({node for node, _ in places}), "positions": [position for _, position in places]}
        known = {(node, position) for node, position in self._connection.execute(_KNOWN, values)}
        known |= {_place(taken) for taken in fresh if taken.envelope is not None}
        found = []
        for stream, taken in doubtful:
            if _place(taken) not in known:
                known.add(_place(taken))
                marks.setdefault(stream, self._marks.get(stream, 0))
                counts[stream] += 1
                found.append(taken)
        return found

    def write(self, sifted: Sifted) -> None:
        """Move the watermarks in the database, as part of the batch's transaction."""
        if sifted.marks:
            rows = [(*stream, position, sifted.counts[stream]) for stream, position in sifted.marks.items()]
            self._connection.execute(_MOVE, [list(column) for column in zip(*rows, strict=True)])

    def keep(self, sifted: Sifted) -> None:
        """Remember the watermarks once they are committed."""
        self._marks.update(sifted.marks)


def _place(taken: Taken) -> tuple[str, int]:
    assert taken.envelope is not None
    return taken.envelope.node, taken.envelope.position
