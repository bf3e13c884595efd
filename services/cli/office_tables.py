"""The office's answers as tables for a terminal, with heads in English and Chinese. Times are those of Shanghai."""

from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from domain.calendar import SHANGHAI
from domain.custody import SegmentKind
from domain.docket import DocketGround
from lianxi.office.v1 import office_service_pb2 as pb
from lianxi.type.v1 import duty_pb2, vocabulary_pb2

_ROOM = 1000
"""Columns enough for any table."""

OPEN, BREACHED = vocabulary_pb2.DUTY_STATUS_OPEN, vocabulary_pb2.DUTY_STATUS_BREACHED
_STATUS_STYLES = {BREACHED: "bold red", vocabulary_pb2.DUTY_STATUS_LATE: "yellow", OPEN: "cyan"}


def petition(found: pb.Petition) -> Table:
    """One petition, a line a field."""
    table = Table(title=f"petition 信访事项 {found.petition_id}", show_header=False, title_justify="left")
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    lines = {
        "custodian 责任单位": found.custodian
        or ("– (ended 已办结)" if found.HasField("ended_time") else "– (unknown 不明)"),
        "why 原因": f"{found.why_zh}\n{found.why}",
        "since 自": _time(found, "held_since"),
        "charged to 计入": found.charged_to,
        "phase 环节": found.phase,
        "category 类别": _word(found, "category"),
        "channel 来源": _word(found, "channel"),
        "first received 首次收到": f"{_time(found, 'first_received_time')}  {found.first_agency}",
        "hand-offs / returns 流转/退回": f"{found.handoffs} / {found.returns}",
        "ended 办结": _time(found, "ended_time"),
        "parked 搁置": "yes 是: lianxi office parked list" if found.parked else "",
    }
    for label, value in lines.items():
        if value:
            table.add_row(label, value)
    return table


def duties(rows: Sequence[duty_pb2.Duty], title: str, console: Console, *, of_one_petition: bool = False) -> Table:
    """Duties with article, debtor, date and status; stacked where a row would not fit, so that ids stay whole."""
    heads = (
        "due 到期",
        "status 状态",
        "rule 规则",
        "article 条款",
        "debtor 责任单位",
        "duty 责任事项",
        "petition 事项",
    )
    wide_heads = heads[:-1] if of_one_petition else heads
    wide = _table(title, wide_heads)
    stacked = _table(title, ("due 到期\nstatus 状态", "article 条款\ndebtor 责任单位", "\n".join(wide_heads[5:])))
    for duty in rows:
        style = _STATUS_STYLES.get(duty.status)
        due = f"{_date(duty, 'due_date') or 'no figure 无期限'}{' (provisional 暂定)' if duty.provisional else ''}"
        ids = [duty.duty_id] if of_one_petition else [duty.duty_id, duty.petition_id]
        status = _word(duty, "status")
        wide.add_row(due, status, duty.rule, duty.article, duty.debtor, *ids, style=style)
        when = due.replace(" 无", "\n无").replace(" (", "\n(")
        stacked.add_row(f"{when}\n{status}", f"{duty.article}\n{duty.debtor}", "\n".join(ids), style=style)
    room = console.options.update(max_width=_ROOM)
    return wide if Measurement.get(console, room, wide).maximum <= console.width else stacked


def handoffs(rows: Iterable[pb.Handoff]) -> Table:
    """Hand-offs in their order, each with what became of it."""
    heads = (
        "no. 序",
        "kind 方式",
        "from 转出",
        "to 接收",
        "offered 转出时间",
        "received 收到",
        "objected 异议",
        "result 结果",
    )
    table = _table("hand-offs 流转", heads)
    for row in rows:
        objected = f"{_time(row, 'objected_time')} {_word(row, 'objection_reason')}".strip()
        table.add_row(
            str(row.number),
            _word(row, "kind"),
            row.from_agency,
            row.to_agency,
            _time(row, "offered_time"),
            _time(row, "received_time"),
            f"{objected}{' (late 逾期)' if row.objection_late else ''}",
            _result(row),
        )
    return table


def gaps(rows: Iterable[pb.Gap]) -> Table:
    """What waits without a date, the longest open first."""
    heads = (
        "open days 已等天数",
        "petition days 首收以来",
        "rule 规则",
        "waits for 待办",
        "debtor 责任单位",
        "petition 事项",
    )
    table = _table("no figure in law 法律未规定期限", heads)
    for row in rows:
        title = f"{row.title_zh} {row.title}"
        table.add_row(
            str(row.open_days), str(row.petition_days), row.duty.rule, title, row.duty.debtor, row.duty.petition_id
        )
    return table


def docket(rows: Iterable[pb.DocketEntry]) -> Table:
    """What is put to the Joint Meeting by itself."""
    table = _table(
        "docket 提请联席会议", ("reached 时间", "ground 事由", "agencies 机关", "petition 事项", "recorded 记录")
    )
    for row in rows:
        table.add_row(
            _time(row, "reached_time"),
            f"{DocketGround(row.ground).term} {row.ground}",
            ", ".join(row.agencies),
            row.petition_id,
            _time(row, "docketed_time"),
        )
    return table


def _result(row: pb.Handoff) -> str:
    if row.returned:
        return f"returned 退回 {_time(row, 'ruled_time')}"
    if row.HasField("ruled_time"):
        return f"objection rejected 异议不成立 {_time(row, 'ruled_time')}"
    return f"reported 已反馈 {_time(row, 'reported_time')}" if row.HasField("reported_time") else ""


def custody(rows: Iterable[pb.CustodySegment]) -> Table:
    """Whose time each stretch of a petition's life was."""
    table = _table(
        "custody 责任时段", ("no. 序", "kind 阶段", "custodian 责任单位", "charged to 计入", "from 起", "to 止")
    )
    for row in rows:
        until = _time(row, "to_time") or "now 至今"
        table.add_row(str(row.number), _kind(row), row.custodian, row.charged_to, _time(row, "from_time"), until)
    return table


def clocks(found: pb.ListCustodyResponse) -> Table:
    """Each agency's own clock, and the citizen's, to which they add up."""
    table = _table("clocks 计时", ("charged to 计入", "kind 阶段", "days 天数"))
    for row in found.accounts:
        table.add_row(row.charged_to, _kind(row), _days(row.spent))
    table.add_row("the citizen's clock 群众等待合计", "", _days(found.citizen_time), style="bold")
    return table


def _kind(row: pb.CustodySegment | pb.CustodyAccount) -> str:
    return f"{SegmentKind(row.kind).term} {row.kind}"


def _days(spent: Duration) -> str:
    return f"{spent.ToTimedelta().total_seconds() / 86_400:.1f}"


def timeline(rows: Iterable[pb.TimelineEntry]) -> Table:
    """Every fact on a petition."""
    heads = ("no. 序", "happened 发生", "recorded 记录", "agency 机关", "fact 事实", "source 来源", "record 记录号")
    table = _table("timeline 办理记录", heads)
    for row in rows:
        name = row.type.rpartition(".")[2]
        place = f"{row.node}:{row.position}"
        times = (_time(row, "occurred_time"), _time(row, "recorded_time"))
        table.add_row(str(row.sequence), *times, row.agency, name, _word(row, "provenance"), place)
    return table


def parked(rows: Iterable[pb.ParkedRecord]) -> Table:
    """Records that could not be folded, and those that wait behind them."""
    heads = ("no. 序", "since 自", "petition 事项", "record 记录号", "type 类型", "reason 原因")
    table = _table("parked records 搁置记录", heads)
    for row in rows:
        place = f"{row.node}:{row.position}" if row.node else "?"
        style = "red" if row.poison else "dim"
        since = _time(row, "parked_time")
        table.add_row(str(row.sequence), since, row.petition_id or "?", place, row.type, row.reason, style=style)
    return table


def overview(found: pb.Overview) -> list[Table]:
    """The whole picture: totals, duties by rule, agencies, pairs, nodes."""
    totals = _table(f"overview 总览 {_time(found, 'as_of_time')}", ("", ""))
    totals.show_header = False
    labels = {
        "petitions": "petitions 信访事项",
        "petitions_open": "open 在办",
        "petitions_without_custodian": "without custodian 无责任单位",
        "petitions_urgent": "major and urgent 重大、紧急",
        "docketed": "for the Joint Meeting 提请联席会议",
        "events": "facts 事实",
        "handoffs": "hand-offs 流转",
        "objections": "objections 异议",
        "returns": "returns 退回",
        "breaches_recorded": "breaches recorded 超期记录",
        "parked_records": "parked records 搁置记录",
    }
    for name, label in labels.items():
        totals.add_row(label, str(getattr(found, name)))
    statuses = ("open", "met", "late", "breached", "lapsed", "released")
    by_rule = _counts("duties 责任事项", found.duties, ("rule", "rule_version", "article", *statuses))
    loads = _counts("agencies 机关", found.loads, ("agency", "in_custody", "duties_open", "duties_breached"))
    pairs = _counts("between agencies 机关之间", found.bounces, ("from_agency", "to_agency", "handoffs", "returns"))
    nodes = _counts("nodes 节点", found.nodes, ("node", "last_position", "received", "missing"))
    loops = _table("rules that run 规则运行", ("loop 规则", "last run 最近运行", ""))
    for run in found.rule_loops:
        last = _time(run, "last_run_time") if run.HasField("last_run_time") else "never 从未"
        loops.add_row(run.loop, last, "SILENT 停止" if run.silent else "", style="red" if run.silent else "")
    return [totals, by_rule, loads, pairs, nodes, loops]


_HEADS = {
    "rule": "rule 规则",
    "rule_version": "version 版本",
    "article": "article 条款",
    "open": "open 未到期",
    "met": "met 按期",
    "late": "late 逾期完成",
    "breached": "breached 超期",
    "lapsed": "lapsed 期满",
    "released": "released 解除",
    "agency": "agency 机关",
    "in_custody": "in custody 在办",
    "duties_open": "duties open 未到期",
    "duties_breached": "duties breached 超期",
    "from_agency": "from 转出",
    "to_agency": "to 接收",
    "handoffs": "hand-offs 流转",
    "returns": "returns 退回",
    "node": "node 节点",
    "last_position": "last position 最新位置",
    "received": "received 已收",
    "missing": "missing 缺",
}


def _counts(title: str, rows: Iterable[Message], names: Sequence[str]) -> Table:
    table = _table(title, [_HEADS[name] for name in names])
    for row in rows:
        table.add_row(*(str(getattr(row, name)) for name in names))
    return table


def _table(title: str, heads: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left")
    for head in heads:
        table.add_column(head, overflow="fold")
    return table


def _word(message: Any, field: str) -> str:
    """The value of an enum without its prefix, empty where it is unspecified."""
    number = getattr(message, field)
    if not number:
        return ""
    enum = message.DESCRIPTOR.fields_by_name[field].enum_type
    prefix: str = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    name: str = enum.values_by_number[number].name
    return name.removeprefix(prefix).lower()


def _time(message: Any, field: str) -> str:
    if not message.HasField(field):
        return ""
    instant: Timestamp = getattr(message, field)
    return f"{instant.ToDatetime(UTC).astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _date(message: Any, field: str) -> str:
    if not message.HasField(field):
        return ""
    day: Date = getattr(message, field)
    return f"{day.year:04}-{day.month:02}-{day.day:02}"
