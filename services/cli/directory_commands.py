"""`lianxi directory`: which agencies there are, at which level, under whom, and who took over from whom.

It asks a running node, as any holder of a certificate may, and shows what that node's directory says: all agencies, one
of them, or those of a kind that are competent in a division on a day.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import click
import grpc
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.type.date_pb2 import Date
from rich.console import Console
from rich.table import Table

from domain.vocabulary import AgencyKind, AgencyLevel, Word
from lianxi.agency.v1.case_service_pb2 import Agency, ListAgenciesRequest
from lianxi.agency.v1.case_service_pb2_grpc import CaseServiceStub
from lianxi.agency.v1.directory_service_pb2 import GetStandingRequest, ResolveJurisdictionRequest, Standing
from lianxi.agency.v1.directory_service_pb2_grpc import DirectoryServiceStub
from lianxi.type.v1 import vocabulary_pb2
from services.kit.authority import CertificateRefused
from services.kit.rpc.client import Caller, Credentials, Denied, NotReached, call
from services.kit.settings import DEFAULT_LISTEN

CALL_SECONDS_MAX = 30.0
PAGE_SIZE = 500

HEADS = (
    "agency 机关",
    "name 名称",
    "kind 类别",
    "level 层级",
    "division 区划",
    "superior 上级机关",
    "in being 存续",
    "successors 承继机关",
    "node 节点",
)


@click.command(short_help="Agencies, their superiors and successors. 机关名录")
@click.argument("agency", default="")
@click.option("--division", default="", metavar="CODE", help="Only agencies of this division, six digits of GB/T 2260.")
@click.option(
    "--kind", type=click.Choice([kind.value for kind in AgencyKind]), help="Only this kind; goes with --division."
)
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="As of this day; without it, today.")
@click.option("--address", envvar="LIANXI_ADDRESS", default=DEFAULT_LISTEN, show_default=True, help="HOST:PORT.")
@click.option(
    "--certs",
    envvar="LIANXI_CERTS",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with ca.pem and a certificate. Without it: plain text, on loopback only.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def directory(
    agency: str,
    *,
    division: str,
    kind: str | None,
    on: datetime | None,
    address: str,
    certs: Path | None,
    as_json: bool,
) -> None:
    """Show which agencies there are, at which level, under whom, and who took over from whom. 机关名录。

    \b
    lianxi directory                                              every agency
    lianxi directory housing                                      where one stands today
    lianxi directory --division 330113 --kind discipline_organ    who is competent there
    """
    if bool(division) != bool(kind) or (agency and division):
        raise click.UsageError("ask for AGENCY, or for --division with --kind, or for neither to see all")
    day = Date(year=on.year, month=on.month, day=on.day) if on else None
    try:
        caller = _caller(Credentials.of(certs))
        with caller.connect(address) as channel:
            node = _Node(channel, caller)
            if agency:
                _show_standing(node.standing(agency, day), as_json=as_json)
            else:
                _show(node.competent(division, kind, day) if kind else node.all_agencies(), as_json=as_json)
    except (CertificateRefused, FileNotFoundError, ValueError) as wrong:
        raise click.ClickException(str(wrong)) from wrong


class _Node:
    """A node's directory as one command asks it; a refusal ends the command."""

    def __init__(self, channel: grpc.Channel, caller: Caller) -> None:
        self._cases, self._directory, self._caller = CaseServiceStub(channel), DirectoryServiceStub(channel), caller

    def standing(self, agency: str, day: Date | None) -> Standing:
        answer: Standing = self._ask(self._directory.GetStanding, GetStandingRequest(agency=agency, date=day))
        return answer

    def competent(self, division: str, kind: str, day: Date | None) -> list[Agency]:
        number = vocabulary_pb2.AgencyKind.Value(f"AGENCY_KIND_{kind.upper()}")
        asked = ResolveJurisdictionRequest(division=division, kind=number, date=day)
        return list(self._ask(self._directory.ResolveJurisdiction, asked).agencies)

    def all_agencies(self) -> list[Agency]:
        found: list[Agency] = []
        request = ListAgenciesRequest(page_size=PAGE_SIZE)
        while True:
            answer = self._ask(self._cases.ListAgencies, request)
            found += answer.agencies
            if not answer.next_page_token:
                return found
            request = ListAgenciesRequest(page_size=PAGE_SIZE, page_token=answer.next_page_token)

    def _ask(self, method: Any, request: Message) -> Any:
        try:
            return call(method, request, self._caller, timeout_seconds=CALL_SECONDS_MAX)
        except Denied as denied:
            said = ": ".join(filter(None, (denied.reason, denied.message, ", ".join(denied.fields), denied.remedy)))
            raise click.ClickException(said) from None
        except NotReached as away:
            raise click.ClickException(f"the node does not answer 节点无应答: {away}") from None


def _caller(credentials: Credentials) -> Caller:
    """Any certificate will do, for the directory is the same for all; in plain text the name says nothing."""
    return credentials.of_agency(next(iter(credentials.certificates or ("directory",))))


def _show(agencies: Sequence[Agency], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"agencies": [_plain(one) for one in agencies]}, ensure_ascii=False))
        return
    table = Table(title=f"{len(agencies)} agencies 机关", title_justify="left")
    for head in HEADS:
        table.add_column(head, overflow="fold")
    for one in agencies:
        table.add_row(*_row(one))
    Console().print(table)


def _show_standing(found: Standing, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"standing": _plain(found)}, ensure_ascii=False))
        return
    table = Table(show_header=False)
    lines = {
        **dict(zip(HEADS, _row(found.agency), strict=True)),
        "stands 现存": "yes 是" if found.stands else "no 否",
        "next above 上一级机关": found.next_higher,
        "takes over 承继受理": ", ".join(found.successors),
        "Joint Meeting Office 本级联席会议办公室": found.office,
    }
    for label, value in lines.items():
        if value:
            table.add_row(label, value)
    Console().print(table)


def _row(one: Agency) -> tuple[str, ...]:
    began, ended = _day(one, "established"), _day(one, "abolished")
    return (
        one.agency,
        f"{one.name_zh} {one.name}",
        _term(vocabulary_pb2.AgencyKind, AgencyKind, one.kind),
        _term(vocabulary_pb2.AgencyLevel, AgencyLevel, one.level),
        one.division,
        one.superior,
        f"{began} – {ended}" if began or ended else "",
        ", ".join(one.successors),
        one.node,
    )


def _term(enum: Any, words: type[Word], number: int) -> str:
    """Return the Chinese term of an enum's value; a value that this version does not know is shown by its number."""
    if not number:
        return ""
    name = enum.Name(number) if number in enum.values() else str(number)
    return next((word.term for word in words if name.endswith(f"_{word.value.upper()}")), name)


def _day(one: Agency, field: Literal["established", "abolished"]) -> str:
    if not one.HasField(field):
        return ""
    day: Date = getattr(one, field)
    return f"{day.year:04}-{day.month:02}-{day.day:02}"


def _plain(message: Message) -> dict[str, Any]:
    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
