"""The live picture: what the office sees, laid out for the terminal as wide and as high as it happens to be.

It only draws. Numbers come from a `Picture`; `panels.py` fills each panel with as many rows as it has room for.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from rich.console import RenderableType
from rich.layout import Layout
from rich.table import Table
from rich.text import Text

from domain.calendar import SHANGHAI
from services.demo import panels
from services.demo.picture import Picture
from services.demo.wangshu import CITY, CITY_ZH

WIDE_COLUMNS = 150
FOOTER_ROWS, HEADER_ROWS = 5, 1
FRAME_ROWS = 2
LATE_COLUMNS, TICKER_COLUMNS = 62, 50
"""From so many columns on, these two panels have room for both languages."""
LEFT_NARROW, LEFT_WIDE, RIGHT = 33, 48, 42


class Size(NamedTuple):
    """Columns and rows of the terminal."""

    columns: int
    rows: int

    @property
    def is_wide(self) -> bool:
        """Whether three panels fit beside each other."""
        return self.columns >= WIDE_COLUMNS


@dataclass(frozen=True)
class Scenery:
    """What does not change while the demonstration runs."""

    rate_hours: float
    bus: str
    addresses: dict[str, str]
    """Where each node is called; the office comes first."""
    try_file: str
    command: str
    """How `lianxi` was called, so that the commands can be copied."""


def draw(picture: Picture, scenery: Scenery, now: datetime, size: Size) -> Layout:
    """Lay the whole picture out for a terminal of that size."""
    rows = max(10, size.rows - FOOTER_ROWS - HEADER_ROWS)
    middle_rows = rows * 3 // 5
    whole = Layout()
    whole.split_column(
        Layout(_header(picture, scenery, now, size), size=HEADER_ROWS),
        _middle(picture, now, size, middle_rows),
        _bottom(picture, size, rows - middle_rows),
        Layout(_footer(picture, scenery), size=FOOTER_ROWS),
    )
    return whole


def _middle(picture: Picture, now: datetime, size: Size, rows: int) -> Layout:
    room = rows - FRAME_ROWS
    layout = Layout(size=rows)
    parts = [
        Layout(panels.totals(picture, room, is_wide=size.is_wide), size=LEFT_WIDE if size.is_wide else LEFT_NARROW),
        Layout(panels.late(picture, now, room, is_wide=size.columns - LEFT_NARROW >= LATE_COLUMNS)),
    ]
    if size.is_wide:
        parts.append(Layout(panels.bounces(picture, room), size=RIGHT))
    layout.split_row(*parts)
    return layout


def _bottom(picture: Picture, size: Size, rows: int) -> Layout:
    room = rows - FRAME_ROWS
    layout = Layout(size=rows)
    parts = [Layout(panels.ticker(picture, room, is_wide=size.columns - RIGHT >= TICKER_COLUMNS))]
    if size.is_wide:
        parts.insert(0, Layout(panels.custody(picture, room), size=LEFT_WIDE))
        parts.append(Layout(panels.nodes(picture, room), size=RIGHT))
    else:
        parts.append(Layout(panels.bounces(picture, room), size=RIGHT))
    layout.split_row(*parts)
    return layout


def _header(picture: Picture, scenery: Scenery, now: datetime, size: Size) -> RenderableType:
    row = Table.grid(expand=True)
    row.add_column(no_wrap=True)
    row.add_column(justify="right", no_wrap=True)
    lag = sum(picture.ahead.values())
    state = f"{len(picture.overview.nodes)} nodes 节点 · lag 滞后 {lag}"
    pace = f"1 s = {scenery.rate_hours:g} h, bus 总线 {scenery.bus}" if size.is_wide else f"{scenery.rate_hours:g} h/s"
    row.add_row(
        f"[bold cyan]{CITY_ZH} {CITY}[/]",
        (f"[red]{picture.problem[:40]}[/]" if picture.problem else state)
        + f"  [bold yellow]{now.astimezone(SHANGHAI):%Y-%m-%d %H:%M}[/] [dim]{pace}[/]",
    )
    return row


def _footer(picture: Picture, scenery: Scenery) -> RenderableType:
    """Where to call, and three commands that work as they stand; without a frame, so that they can be copied."""
    petition, duty = _examples(picture)
    places = Text("gRPC ", style="bold", overflow="ellipsis", no_wrap=True)
    places.append(" · ".join(f"{node} {address}" for node, address in scenery.addresses.items()), style="not bold")
    lines = [
        places,
        Text.assemble(("try 试一试  ", "bold green"), f". {scenery.try_file}", ("   (Ctrl-C ends 结束)", "dim")),
        Text(f"  {scenery.command} office late"),
        Text(f"  {scenery.command} office petition {petition}"),
        Text(f"  {scenery.command} office explain {duty}"),
    ]
    table = Table.grid()
    table.add_column(no_wrap=True, overflow="ellipsis")
    for line in lines:
        table.add_row(line)
    return table


def _examples(picture: Picture) -> tuple[str, str]:
    """A petition and a duty that the office knows by now."""
    if picture.late:
        return picture.late[0].petition_id, picture.late[0].duty_id
    return (picture.ticks[-1].petition_id if picture.ticks else "PETITION_ID"), "DUTY_ID"
