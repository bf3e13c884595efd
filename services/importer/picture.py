"""The office's picture after an import: asked of the office once it has taken in what the import sent, never computed.

The office counts everything it knows. On a living system that is more than this file brought.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from lianxi.office.v1 import office_service_pb2 as pb
from lianxi.office.v1.office_service_pb2_grpc import OfficeServiceStub
from services.kit.rpc.client import Caller, call

TIMEOUT_SECONDS = 30.0
FOLDED_SECONDS_MAX = 300.0
LOOK_SECONDS = 0.25
QUIET_LOOKS = 4
"""So many looks in a row without anything new: confirmations follow what was sent, and nobody counts them ahead."""
QUIET_SECONDS_MAX = 30.0
ROWS_SHOWN = 10


@dataclass(frozen=True)
class Counts:
    """What an import did with its rows."""

    rows: int
    imported: int
    already_present: int
    rejected: int


@dataclass(frozen=True)
class OfficeView:
    """The office's own picture; `is_behind` where it had not taken everything in when it was asked."""

    overview: pb.Overview
    is_behind: bool = field(default=False)


def ask_office(address: str, caller: Caller, positions: Mapping[str, int]) -> OfficeView:
    """Wait until the office has folded these positions of each node's log and all is quiet, and return its picture."""
    request = pb.GetOverviewRequest()
    with caller.connect(address) as channel:
        stub = OfficeServiceStub(channel)

        def look() -> pb.Overview:
            return call(stub.GetOverview, request, caller, timeout_seconds=TIMEOUT_SECONDS)

        overview, deadline = look(), time.monotonic() + FOLDED_SECONDS_MAX
        while not (has_folded := _has(overview, positions)) and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
            overview = look()
        quiet, deadline = 0, time.monotonic() + QUIET_SECONDS_MAX
        while quiet < QUIET_LOOKS and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
            before, overview = overview.as_of_sequence, look()
            quiet = quiet + 1 if overview.as_of_sequence == before else 0
        return OfficeView(overview, is_behind=not has_folded)


def _has(overview: pb.Overview, positions: Mapping[str, int]) -> bool:
    progress = {node.node: node for node in overview.nodes}
    return all(
        node in progress and progress[node].last_position >= position and not progress[node].missing
        for node, position in positions.items()
    )


def as_json(counts: Counts, view: OfficeView | None) -> dict[str, Any]:
    """Return the one object that `--json` prints; what the office counts is null where it was not asked."""
    overview = view.overview if view else None
    rows = {name: getattr(counts, name) for name in ("rows", "imported", "already_present", "rejected")}
    if overview is None:
        return {**rows, "petitions": None, "handoffs": None, "duties": []}
    names = ("rule", "rule_version", "article", "open", "met", "late", "breached")
    duties = [{name: getattr(rule, name) for name in names} for rule in overview.duties]
    return {**rows, "petitions": overview.petitions, "handoffs": overview.handoffs, "duties": duties}


def show(console: Console, counts: Counts, view: OfficeView | None) -> None:
    """Print what was imported and how the office sees it."""
    console.print(
        f"rows 行 {counts.rows:,} · imported 导入 {counts.imported:,} · "
        f"already present 已有 {counts.already_present:,} · rejected 退回 {counts.rejected:,}",
        soft_wrap=True,
    )
    if view is None:
        return
    overview = view.overview
    if view.is_behind:
        console.print("[yellow]The office has not taken everything in yet 联席办尚未接收完毕[/]")
    console.print(
        f"petitions 信访事项 {overview.petitions:,} (open 未结 {overview.petitions_open:,}, "
        f"without custodian 无责任单位 {overview.petitions_without_custodian:,}) · "
        f"hand-offs 流转 {overview.handoffs:,} · returns 退回 {overview.returns:,} · "
        f"facts 事实 {overview.events:,}",
        soft_wrap=True,
    )
    console.print(*(table for table in (_duties(overview), _loads(overview), _bounces(overview)) if table.rows))


def _duties(overview: pb.Overview) -> Table:
    statuses = ("open\n未到期", "met\n按期", "late\n逾期完成", "breached\n超期", "lapsed\n期满", "released\n解除")
    table = _table("Duties 责任事项", ("rule\n规则", "article\n条款"), statuses)
    for rule in overview.duties:
        numbers = (rule.open, rule.met, rule.late, rule.breached, rule.lapsed, rule.released)
        article = rule.article.removeprefix(f"{rule.rule_version} Regulations ")
        table.add_row(f"{rule.rule} ({rule.rule_version})", article, *(f"{number:,}" for number in numbers))
    return table


def _loads(overview: pb.Overview) -> Table:
    numbers = ("in custody\n在办", "duties open\n未到期", "breached\n超期")
    table = _table("Who holds most 责任单位", ("agency\n机关",), numbers)
    for load in sorted(overview.loads, key=lambda load: -load.in_custody)[:ROWS_SHOWN]:
        table.add_row(load.agency, f"{load.in_custody:,}", f"{load.duties_open:,}", f"{load.duties_breached:,}")
    return table


def _bounces(overview: pb.Overview) -> Table:
    numbers = ("hand-offs\n流转", "returned\n退回")
    table = _table("What comes back most 往返最多", ("from\n转出", "to\n转入"), numbers)
    for pair in overview.bounces[:ROWS_SHOWN]:
        table.add_row(pair.from_agency, pair.to_agency, f"{pair.handoffs:,}", f"{pair.returns:,}")
    return table


def _table(title: str, words: tuple[str, ...], numbers: tuple[str, ...]) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True
    )
    for heading in words:
        table.add_column(heading, no_wrap=True)
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
