"""Liveness of the rules themselves: each loop that looks for something notes when it last ran to its end (I12).

A silence means "nothing was found" only while somebody looks. A loop that has not run for a while is shown in the
overview and said in the log by ingest, which is another process; one that never ran is silent, too. Times are the
database's own, so that no two clocks have to agree.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from services.kit.database import Rows

log = logging.getLogger(__name__)

BREACHES, WARNINGS, DOCKET = "breaches", "warnings", "docket"
LOOPS: tuple[str, ...] = (BREACHES, WARNINGS, DOCKET)
"""What is looked for: missed dates, dates that come near, matters for the Joint Meeting."""

SILENT_AFTER = timedelta(seconds=60)
"""Sixty ticks of the watch; a choice of this system."""

_NOTE = """
    INSERT INTO office.liveness SELECT loop, clock_timestamp() FROM unnest(%s::text[]) AS loop
    ON CONFLICT (loop) DO UPDATE SET last_run_time = excluded.last_run_time"""
_RUNS = """
    SELECT configured.loop, run.last_run_time,
           coalesce(run.last_run_time < clock_timestamp() - %s, true) AS silent
    FROM unnest(%s::text[]) WITH ORDINALITY AS configured (loop, place)
    LEFT JOIN office.liveness AS run USING (loop) ORDER BY configured.place"""


class Run(NamedTuple):
    """A loop, when it last ran to its end, if ever, and whether that is too long ago."""

    loop: str
    last_run_time: datetime | None
    silent: bool


def note(rows: Rows, loops: Sequence[str]) -> None:
    """Put on record that these loops ran to their end just now."""
    rows.execute(_NOTE, [list(loops)])


def runs(rows: Rows, silent_after: timedelta = SILENT_AFTER) -> list[Run]:
    """Every configured loop with its last run."""
    return [Run._make(row) for row in rows.execute(_RUNS, [silent_after, list(LOOPS)]).fetchall()]


def alarm(rows: Rows, silent_after: timedelta = SILENT_AFTER) -> list[str]:
    """Say in the log which loops are silent, and return their names."""
    silent = [run for run in runs(rows, silent_after) if run.silent]
    for run in silent:
        log.error("a rule does not run: loop=%s last run=%s", run.loop, run.last_run_time or "never")
    return [run.loop for run in silent]
