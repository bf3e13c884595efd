"""How the command line reaches the office: where it is, who asks, and what a no looks like on a terminal.

Options can be given once for a whole shell as variables of the environment. An answer is a table for people, or one
JSON object for programs; a refusal is one line on standard error with its reason and remedy, and exit code 1.
"""

import json
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from rich.console import Console

from lianxi.office.v1.office_service_pb2_grpc import OfficeServiceStub
from lianxi.petitioner.v1.petitioner_service_pb2_grpc import PetitionerServiceStub
from services.kit.authority import CertificateRefused
from services.kit.rpc.client import Caller, Credentials, Denied, NotReached, call
from services.kit.settings import OFFICE_LISTEN

Answer = TypeVar("Answer", bound=Message)

CALL_SECONDS_MAX = 30.0
OFFICE_AGENCY = "joint-meeting-office"
"""Its usual id, believed where a certificate names it."""


class Office:
    """The office as one command asks it."""

    def __init__(self, stub: OfficeServiceStub | PetitionerServiceStub, caller: Caller, *, as_json: bool) -> None:
        self._stub = stub
        self._caller = caller
        self.as_json = as_json
        self.console = Console()

    def ask(self, rpc: str, request: Message) -> Any:
        """Make one call; a refusal ends the command."""
        try:
            return call(getattr(self._stub, rpc), request, self._caller, timeout_seconds=CALL_SECONDS_MAX)
        except Denied as denied:
            said = dict.fromkeys(filter(None, (denied.message, denied.article, denied.remedy)))
            raise click.ClickException(f"{denied.reason}: {'; '.join(said)}") from None
        except NotReached as away:
            raise click.ClickException(f"the office does not answer 联席会议办公室无应答: {away}") from None

    def show_json(self, **parts: Message | list[Message]) -> None:
        """Print one JSON object with these parts."""
        click.echo(json.dumps({name: _plain(part) for name, part in parts.items()}, ensure_ascii=False))


def _plain(part: Message | list[Message]) -> Any:
    if isinstance(part, list):
        return [_plain(one) for one in part]
    plain = MessageToDict(part, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    return _with_numbers(part.DESCRIPTOR, plain)


def _with_numbers(descriptor: Any, plain: dict[str, Any]) -> dict[str, Any]:
    """Turn the texts that protobuf's JSON writes for 64-bit numbers into numbers: no count here comes near 2^53."""
    for field in descriptor.fields:
        value = plain.get(field.name)
        if field.type == field.TYPE_INT64 and isinstance(value, str):
            plain[field.name] = int(value)
        elif field.message_type is not None:
            for inner in value if isinstance(value, list) else [value]:
                if isinstance(inner, dict):
                    _with_numbers(field.message_type, inner)
    return plain


def asks_office(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options by which it reaches the office, and the office itself as its first argument."""
    return _asks(OfficeServiceStub, command)


def asks_for_petitioner(command: Callable[..., None]) -> Callable[..., None]:
    """Do the same for a command that asks the office on a petitioner's behalf, as a portal does."""
    return _asks(PetitionerServiceStub, command)


def _asks(stub: type[OfficeServiceStub | PetitionerServiceStub], command: Callable[..., None]) -> Callable[..., None]:
    @click.option("--address", envvar="LIANXI_ADDRESS", default=OFFICE_LISTEN, show_default=True, help="HOST:PORT.")
    @click.option(
        "--certs",
        envvar="LIANXI_CERTS",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="Folder with ca.pem and the office's certificate. Without it: plain text, on loopback only.",
    )
    @click.option(
        "--agency",
        envvar="LIANXI_AGENCY",
        metavar="ID",
        help=f"Who asks, where the certificates name neither one agency nor {OFFICE_AGENCY}.",
    )
    @click.option("--json", "as_json", is_flag=True, help="One JSON object.")
    @wraps(command)
    def asked(address: str, certs: Path | None, agency: str | None, as_json: bool, **arguments: Any) -> None:
        try:
            caller = _caller(certs, agency)
            with caller.connect(address) as channel:
                command(Office(stub(channel), caller, as_json=as_json), **arguments)
        except (CertificateRefused, FileNotFoundError, ValueError) as wrong:
            raise click.ClickException(str(wrong)) from wrong

    return asked


def _caller(certs: Path | None, agency: str | None) -> Caller:
    credentials = Credentials.of(certs)
    if agency is not None:
        return credentials.of_agency(agency)
    if credentials.certificates is None:
        raise click.UsageError(
            "say who asks: --certs (or LIANXI_CERTS) names the folder of certificates; without any, in plain text, "
            "--agency (or LIANXI_AGENCY) names the office"
        )
    named = sorted(credentials.certificates)
    if len(named) > 1 and OFFICE_AGENCY not in named:
        raise click.UsageError(f"say with --agency (or LIANXI_AGENCY) which is the office: {', '.join(named)}")
    return credentials.of_agency(named[0] if len(named) == 1 else OFFICE_AGENCY)
