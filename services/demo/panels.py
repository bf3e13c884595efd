"""The panels of the live picture, each drawn from what the office answered and cut to the rows that it has."""

from collections.abc import Sequence
from datetime import datetime

from rich import box
from rich.console import RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from domain.calendar import SHANGHAI
from domain.duty_table import RULES, rule_row
from domain.rules import Nature
from lianxi.office.v1 import office_service_pb2 as pb
from services.demo.picture import Picture
from services.demo.wangshu import NAMES
from services.demo.words import ALARMING, FACTS

SHORT_ID = 8
BAR_CELLS = 10
LABEL_WIDE, LABEL_NARROW = 13, 4
LONG_OVER_DAYS = 30
ROOMY_ROWS = 12
OPEN, MET, LATE, BREACHED = "blue", "green", "yellow", "red"


def totals(picture: Picture, rows: int, *, is_wide: bool) -> Panel:
    """The petitions, and the duties on them by rule."""
    overview = picture.overview
    orphans = overview.petitions_without_custodian
    lines = [
        ("petitions 信访事项", overview.petitions, "bold"),
        ("open 未结", overview.petitions_open, "bold"),
        ("no custodian 无责任单位", orphans, "bold red" if orphans else "green"),
    ]
    if rows >= ROOMY_ROWS:
        lines.append(("breaches on record 超期记录", overview.breaches_recorded, BREACHED))
    counts = _grid("ratio", "right")
    for label, count, style in lines:
        counts.add_row(label, Text(f"{count:,}", style=style))
    whole = Table.grid(expand=True)
    whole.add_row(counts)
    whole.add_row(_legend(is_wide=is_wide))
    whole.add_row(_duties(overview.duties, rows - len(lines) - 1, is_wide=is_wide))
    return _panel(whole, "petitions, duties 事项、责任")


def late(picture: Picture, now: datetime, rows: int, *, is_wide: bool) -> Panel:
    """What is past its date and not done, the oldest date first."""
    heads = ("petition 事项", "duty 责任", "debtor 责任单位", "due 期限", "days 天")
    table = _grid("left", "left", "ratio", "left", "right")
    table.add_row(*(Text(head if is_wide else head.partition(" ")[2], style="dim") for head in heads))
    for duty in picture.late[: rows - 1]:
        over = (now - duty.due_time.ToDatetime(SHANGHAI)).days
        due = f"{duty.due_date.month:02}-{duty.due_date.day:02}"
        table.add_row(
            Text(duty.petition_id[:SHORT_ID], style="cyan"),
            f"{duty.rule} {duty.article if is_wide else duty.article.removeprefix('Art. ')}",
            _name(duty.debtor, is_wide=False),
            f"{duty.due_date.year}-{due}" if is_wide else due,
            Text(str(over), style="bold red" if over > LONG_OVER_DAYS else "red"),
        )
    count = sum(rule.breached for rule in picture.overview.duties)
    return _panel(table, f"late 超期未办 [{BREACHED}]{count}[/]")


def bounces(picture: Picture, rows: int) -> Panel:
    """Between whom petitions go, and how often they came back."""
    overview = picture.overview
    table = _grid("ratio", "right", "right")
    table.add_row(*_dim("from → to 转出 → 接收", "流转", "退回"))
    for pair in overview.bounces[: rows - 1]:
        returns = Text(str(pair.returns), style="bold magenta" if pair.returns else "dim")
        table.add_row(f"{pair.from_agency} → {pair.to_agency}", str(pair.handoffs), returns)
    return _panel(table, f"hand-offs 流转 {overview.handoffs}, returned 退回 [magenta]{overview.returns}[/]")


def custody(picture: Picture, rows: int) -> Panel:
    """Who holds how many petitions."""
    table = _grid("ratio", "right", "right")
    table.add_row(*_dim("custodian 责任单位", "holds 在办", "late 超期"))
    for load in sorted(picture.overview.loads, key=lambda load: -load.in_custody)[: rows - 1]:
        missed = Text(str(load.duties_breached), style=BREACHED if load.duties_breached else "dim")
        table.add_row(_name(load.agency, is_wide=True), str(load.in_custody), missed)
    return _panel(table, "in whose hands 在谁手里")


def nodes(picture: Picture, rows: int) -> Panel:
    """How far the office has taken in what each node recorded."""
    table = _grid("ratio", "right", "right", "right")
    table.add_row(*_dim("node 节点", "seen 到达", "lag 滞后", "gap 缺"))
    for node in picture.overview.nodes[: rows - 1]:
        lag, missing = picture.ahead.get(node.node, 0), node.missing
        table.add_row(
            node.node,
            str(node.last_position),
            Text(str(lag), style="yellow" if lag else "dim"),
            Text(str(missing), style="bold red" if missing else "dim"),
        )
    return _panel(table, "nodes 节点")


def ticker(picture: Picture, rows: int, *, is_wide: bool) -> Panel:
    """The facts as the office takes them in, the newest at the bottom."""
    table = _grid("left", "ratio", "left")
    for tick in picture.ticks[-max(1, rows) :]:
        what = Text(FACTS.get(tick.type_name, ""), style="red" if tick.type_name in ALARMING else "")
        what.append(f" {tick.type_name} " if is_wide else " ").append(tick.agency, style="bold")
        day = f"{tick.occurred_time.astimezone(SHANGHAI):%m-%d}"
        table.add_row(Text(day, style="dim"), what, Text(tick.petition_id[:SHORT_ID], style="cyan"))
    return _panel(table, f"facts 事实 {picture.overview.events:,}")


# --- the parts of panels --------------------------------------------------------------------------------------------


def _panel(content: RenderableType, title: str) -> Panel:
    return Panel(content, title=f"[bold]{title}[/]", title_align="left", border_style="grey50", box=box.ROUNDED)


def _grid(*columns: str) -> Table:
    """A table without lines; the column `ratio` takes the room that the others leave."""
    table = Table.grid(expand=True, padding=(0, 1))
    for column in columns:
        if column == "ratio":
            table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        else:
            table.add_column(no_wrap=True, justify="right" if column == "right" else "left")
    return table


def _dim(*words: str) -> tuple[Text, ...]:
    return tuple(Text(word, style="dim") for word in words)


def _name(agency: str, *, is_wide: bool) -> str:
    served = NAMES.get(agency)
    if served is None:
        return agency
    return f"{served.name_zh} {served.name}" if is_wide else served.name_zh


def _legend(*, is_wide: bool) -> Text:
    words = (("open ", "未结", OPEN), ("met ", "按期", MET), ("late ", "迟办", LATE), ("breached ", "超期", BREACHED))
    legend = Text()
    for english, chinese, style in words:
        legend.append(f"{english if is_wide else '■ '}{chinese} ", style=style)
    return legend


def _duties(duties: Sequence[pb.RuleCount], rows: int, *, is_wide: bool) -> Table:
    table = _grid("left", "left", "right", "right", "right", "right")
    label = LABEL_WIDE if is_wide else LABEL_NARROW
    for rule in _that_fit(duties, rows):
        parts = ((rule.open, OPEN), (rule.met, MET), (rule.late, LATE), (rule.breached, BREACHED))
        counts = (Text(str(count), style=style if count else "dim") for count, style in parts)
        table.add_row(Text(rule.rule[:label], style="bold"), _bar(*parts), *counts)
    return table


def _that_fit(duties: Sequence[pb.RuleCount], rows: int) -> list[pb.RuleCount]:
    """As many rules as there is room for, in the order of the duty table; duties with a figure in law come first."""
    by_weight = sorted(duties, key=lambda count: (_is_minor(count), _number(count)))
    return sorted(by_weight[: max(1, rows)], key=_number)


def _is_minor(count: pb.RuleCount) -> bool:
    rule = rule_row(count.rule, count.rule_version)
    return rule.nature is Nature.WINDOW or (rule.length is None and rule.named_in is None)


def _number(count: pb.RuleCount) -> int:
    return next(place for place, rule in enumerate(RULES) if rule.rule_id == count.rule)


def _bar(*parts: tuple[int, str]) -> Text:
    """A bar shared among the parts; whatever there is at all gets a cell."""
    total = sum(count for count, _ in parts)
    cells = [max(1, round(count / total * BAR_CELLS)) if count else 0 for count, _ in parts]
    if total:
        # What rounding gave or took in all is made up for by the largest part.
        cells[cells.index(max(cells))] += BAR_CELLS - sum(cells)
    bar = Text()
    for width, (_, style) in zip(cells, parts, strict=True):
        bar.append("█" * width, style=style)
    return bar
