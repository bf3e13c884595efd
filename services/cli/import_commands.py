"""`lianxi import`: bring the records of a file into a living system, or into a temporary one that shows their picture.

Progress and complaints go to standard error; what was asked for goes to standard output.
"""

import json
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from services.importer.connections import ANY_NODE, Connections, NotReady
from services.importer.delivery import ImportStopped
from services.importer.mapping_files import WrongMapping, load_mapping, shipped_mappings
from services.importer.picture import OfficeView, as_json, ask_office, show
from services.importer.reading import UnreadableFile
from services.importer.rejects import RejectsFile
from services.importer.run import Import, Survey, survey
from services.importer.standalone import OFFICE, temporary_city
from services.kit.authority import CertificateRefused
from services.kit.city import CityTrouble
from services.kit.embedded_postgres import ClusterUnusable
from services.kit.rpc.client import Credentials, Denied, NotReached

_TROUBLE = (
    CertificateRefused,
    CityTrouble,
    ClusterUnusable,
    Denied,
    ImportStopped,
    NotReached,
    NotReady,
    OSError,
    UnreadableFile,
    WrongMapping,
)


@dataclass(frozen=True)
class Target:
    """Where the records go: the nodes' addresses, the office's if it is known, and who may call."""

    addresses: Mapping[str, str]
    office_address: str | None
    credentials: Credentials


def _list_mappings(context: click.Context, _parameter: click.Parameter, is_asked: bool) -> None:
    if not is_asked or context.resilient_parsing:
        return
    for name in shipped_mappings():
        mapping = load_mapping(name)
        click.echo(f"{name}\t{mapping.title} {mapping.title_zh}\t{', '.join(mapping.columns.values())}")
    context.exit()


@click.command(short_help="Bring in real records from CSV or XLSX. 导入")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--mapping", "mapping_name", required=True, metavar="NAME|FILE", help="A shipped mapping, or your own.")
@click.option(
    "--list-mappings",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_mappings,
    help="List the shipped mappings with their columns.",
)
@click.option(
    "--address",
    "addresses",
    multiple=True,
    metavar="[NODE=]HOST:PORT",
    help="A node of a living system. One is enough if it serves every agency; else repeat with the node's id.",
)
@click.option(
    "--office-address", metavar="HOST:PORT", help="The office of that system: its picture is shown at the end."
)
@click.option(
    "--certs",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with ca.pem and certificates that name the agencies. Without it: plain text, on loopback only.",
)
@click.option("--standalone", is_flag=True, help="Import into a temporary system, show the picture, and remove it.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Take only the first N petitions.")
@click.option(
    "--rejects", "rejects_path", type=click.Path(dir_okay=False, path_type=Path), help="Where rejected rows go."
)
@click.option("--json", "is_json", is_flag=True, help="End with one JSON object on standard output.")
def import_command(
    file: Path, *, mapping_name: str, limit: int | None, rejects_path: Path | None, is_json: bool, **where: Any
) -> None:
    """Bring the records of FILE (CSV, CSV.gz, XLSX) into the system, as the agencies would have. 导入历史记录。

    A mapping says what the columns mean. Whatever a row does not state itself is marked synthetic. The import can be
    stopped and started again at any time: the same row twice is one petition. Rows that cannot be imported are written
    to FILE.rejects.csv, with line, field and reason.

    \b
    lianxi import --list-mappings
    lianxi import messages.csv --mapping messages_with_replies --standalone
    lianxi import messages.xlsx --mapping own.toml --address 127.0.0.1:50051 --office-address 127.0.0.1:50061
    """
    if where["standalone"] == bool(where["addresses"]):
        raise click.UsageError("say where the records go: --address HOST:PORT, or --standalone")
    rejects_path = rejects_path or Path(f"{file.name}.rejects.csv")
    console = Console(stderr=True)
    for ending in (signal.SIGTERM, signal.SIGHUP):  # A terminal that closes ends it as Ctrl-C does.
        signal.signal(ending, _end)
    try:
        mapping = load_mapping(mapping_name)
        found = survey(file, mapping, limit)
        with RejectsFile(rejects_path) as rejects, _target(found, console, **where) as target:
            one = Import(file, mapping, found, rejects, lambda _: None, limit)
            view = _run(one, target, console)
    except _TROUBLE as trouble:
        raise click.ClickException(str(trouble)) from trouble
    if one.rejects.count:
        console.print(f"{one.rejects.count} rows are rejected, see {rejects_path} 退回的行见该文件", style="yellow")
    if is_json:
        click.echo(json.dumps(as_json(one.counts, view), ensure_ascii=False))
    else:
        show(Console(), one.counts, view)


def _run(one: Import, target: Target, console: Console) -> OfficeView | None:
    with Connections(target.addresses, target.credentials) as connections:
        connections.open(one.survey.agencies)
        with _bar(console, "rows 行", one.survey.rows) as advance:
            one.progress = advance
            positions = one.run(connections)
        office = connections.office_agency
        if target.office_address is None or office is None:
            console.print("no --office-address was given: no picture is shown", style="yellow")
            return None
        with console.status("the office takes it in 联席办接收中"):
            return ask_office(target.office_address, target.credentials.of_agency(office), positions)


@contextmanager
def _target(
    found: Survey,
    console: Console,
    *,
    addresses: tuple[str, ...],
    office_address: str | None,
    certs: Path | None,
    standalone: bool,
) -> Iterator[Target]:
    if not standalone:
        named = (address.rpartition("=") for address in addresses)
        yield Target({node or ANY_NODE: address for node, _, address in named}, office_address, Credentials.of(certs))
        return
    with console.status("a temporary system starts 启动临时系统") as status:

        def progress(phase: str, done: int, total: int) -> None:
            status.update(f"a temporary system starts 启动临时系统: {phase} {done}/{total}")

        with temporary_city(found.agencies, progress) as city:
            status.stop()
            by_node = {node: settings.listen for node, settings in city.settings.items()}
            office_address = by_node.pop(city.node_of(OFFICE.agency))
            yield Target(by_node, office_address, Credentials.of(city.certificates))


@contextmanager
def _bar(console: Console, what: str, total: int) -> Iterator[Any]:
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(what, total=total)
        yield lambda rows: bar.advance(task, rows)


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    # TERM ends the command as an interrupt does, so that what was started is stopped and removed.
    raise KeyboardInterrupt
