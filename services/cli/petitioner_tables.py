"""The petitioner's side on a terminal: the progress of a matter, and the figures of the ratings."""

from collections.abc import Iterable
from datetime import UTC
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from rich.table import Table

from domain.calendar import SHANGHAI
from domain.vocabulary import RatedRole
from lianxi.office.v1 import office_service_pb2 as office_pb
from lianxi.petitioner.v1 import petitioner_service_pb2 as pb
from lianxi.type.v1 import vocabulary_pb2

HIDDEN = "–"
_FIGURES = ("satisfied", "basically_satisfied", "not_satisfied", "unrated", "eligible")
_HEADS = (
    "agency 机关",
    "role 评价对象",
    "satisfied 满意",
    "basically 基本满意",
    "not satisfied 不满意",
    "unrated 未评价",
    "eligible 可评价",
)


def progress(found: pb.Progress) -> Table:
    """The steps of a matter, then who has it, what is due and what the petitioner may still ask for."""
    table = Table(title="progress 办理进展", title_justify="left")
    table.add_column("date 日期")
    table.add_column("step 环节", overflow="fold")
    for step in found.steps:
        until = f"\n→ {_date(step.until_date)}" if step.HasField("until_date") else ""
        table.add_row(_day(step.time), f"{step.text_zh}\n{step.text}{until}")
    table.add_section()
    holder = f"{found.holder.name_zh} {found.holder.name}" if found.HasField("holder") else "– (ended 已结束)"
    table.add_row("now 现在", holder)
    if found.HasField("due"):
        table.add_row("next 下一步", f"{found.due.text_zh}\n{found.due.text} ({found.due.article})")
    for window in found.windows:
        table.add_row("yours 您的权利", f"{window.text_zh}\n{window.text} ({window.article})")
    return table


def ratings(rows: Iterable[office_pb.AgencyRatings]) -> Table:
    """Figures by agency and role; what is not shown is a dash, which is no zero."""
    table = Table(
        title="ratings 满意度评价", title_justify="left", caption=f"{HIDDEN} not shown: small 数值过小不予显示"
    )
    for number, head in enumerate(_HEADS):
        table.add_column(head, overflow="fold", justify="right" if number > 1 else "left")
    for row in rows:
        table.add_row(row.agency, _role(row.rated), *(_figure(row, name) for name in _FIGURES))
    return table


def _figure(row: Any, name: str) -> str:
    return str(getattr(row, name)) if row.HasField(name) else HIDDEN


def _role(rated: "vocabulary_pb2.RatedRole.ValueType") -> str:
    word = vocabulary_pb2.RatedRole.Name(rated).removeprefix("RATED_ROLE_").lower()
    return next((f"{role.term} {role.value.replace('_', ' ')}" for role in RatedRole if role == word), word)


def _day(instant: Timestamp) -> str:
    return f"{instant.ToDatetime(UTC).astimezone(SHANGHAI):%Y-%m-%d}"


def _date(day: Date) -> str:
    return f"{day.year:04}-{day.month:02}-{day.day:02}"
