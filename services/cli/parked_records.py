"""`lianxi office parked`: what the office could not fold; fold it again, or leave one record out. Both are recorded."""

from uuid import uuid4

import click

from domain.parking import ParkingReason
from lianxi.office.v1 import office_service_pb2 as pb
from services.cli import office_tables as tables
from services.cli.office_calls import Office, asks_office

_REASON = click.option("--reason", required=True, type=click.Choice([str(word) for word in ParkingReason]), help="Why.")
_REFERENCE = click.option(
    "--reference", default="", metavar="ID", help="Where more is told, such as a ticket; no names."
)
_REQUEST = click.option("--request-id", metavar="UUID", help="Repeat a decision under the same id. Default: a new one.")


@click.group(short_help="Records that could not be folded. 搁置记录")
def parked() -> None:
    """Look at records that could not be folded, fold them again, or leave one out. 搁置记录:查看、重试、跳过。

    While one record of a petition is parked, its later ones wait behind it; other petitions go on. A decision is a fact
    in the office's own log.

    \b
    lianxi office parked list
    lianxi office parked retry 7 --reason upgraded
    lianxi office parked skip 7 --reason corrupt --reference ticket-481
    """


@parked.command("list", short_help="List them. 列出")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 500), help="Rows.")
@asks_office
def list_command(office: Office, *, limit: int) -> None:
    """List what is parked, the oldest first: red what could not be folded, dim what waits behind it. 列出搁置记录。"""
    answer: pb.ListParkedResponse = office.ask("ListParked", pb.ListParkedRequest(page_size=limit))
    if office.as_json:
        office.show_json(answer=answer)
        return
    office.console.print(tables.parked(answer.records))
    if answer.next_page_token:
        office.console.print("… and more 还有更多 (--limit)")


@parked.command(short_help="Fold again. 重试")
@click.argument("number", type=int)
@_REASON
@_REFERENCE
@_REQUEST
@asks_office
def retry(office: Office, *, number: int, reason: str, reference: str, request_id: str | None) -> None:
    """Fold record NUMBER again, and what waits behind it, as after an upgrade. 重试。"""
    _resolve(office, number, pb.PARKED_ACTION_RETRY, reason, reference, request_id)


@parked.command(short_help="Leave one out. 跳过")
@click.argument("number", type=int)
@_REASON
@_REFERENCE
@_REQUEST
@asks_office
def skip(office: Office, *, number: int, reason: str, reference: str, request_id: str | None) -> None:
    """Leave record NUMBER out for good, and fold what waits behind it. 跳过。"""
    _resolve(office, number, pb.PARKED_ACTION_SKIP, reason, reference, request_id)


def _resolve(
    office: Office, number: int, action: pb.ParkedAction.ValueType, reason: str, reference: str, request_id: str | None
) -> None:
    request = pb.ResolveParkedRequest(
        request_id=request_id or str(uuid4()), sequence=number, action=action, reason=reason, reference=reference
    )
    answer: pb.ResolveParkedResponse = office.ask("ResolveParked", request)
    if office.as_json:
        office.show_json(answer=answer)
        return
    click.echo(f"folded 已处理: {answer.folded}; still parked 仍搁置: {answer.still_parked}")
