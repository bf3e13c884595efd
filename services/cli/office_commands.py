"""`lianxi office`: set the Joint Meeting Office up, run it, rebuild its views, and ask it.

`ROLES` is the process table of an office. The office is an agency too, so its node answers for its own cases beside
what it sees across all agencies. The questions are in `office_questions.py`.
"""

from collections.abc import Mapping
from pathlib import Path
from threading import Event

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from services.cli import office_questions, parked_records
from services.cli.node_commands import set_up
from services.cli.node_settings import env_file_option, node_settings
from services.kit import runtime
from services.kit.law import law_in_force
from services.kit.log import Log
from services.kit.node import Node
from services.kit.settings import OFFICE_LISTEN, NodeSettings
from services.office import run as office_run
from services.office import store
from services.office.rebuild import Moved, Rebuilt
from services.office.rebuild import rebuild as rebuild_views
from services.office.service import serve as serve_office
from services.office.watch import record_moved

OFFICE = "joint-meeting-office:joint_meeting_office:信访工作联席会议办公室:Joint Meeting Office"


def _serve(node: Node, stop: Event) -> None:
    from services.agency.directory import DirectoryService
    from services.agency.service import CaseService

    cases = CaseService(node)
    try:
        serve_office(node, stop, [cases.service(), DirectoryService(node).service()])
    finally:
        cases.close()


def _follow_own_views(node: Node, stop: Event) -> None:
    from services.agency import views

    views.prepare(node.settings.log_dsn)
    views.follow(node, stop)


ROLES: Mapping[str, runtime.Loop] = {**office_run.ROLES, "api": _serve, "views": _follow_own_views}
"""What a process of the office can do. Of all roles but api and views one process is active, the others stand by."""


@click.group(short_help="Ask and run the Joint Meeting Office. 联席会议办公室")
def office() -> None:
    """Ask and run the Joint Meeting Office. 联席会议办公室:谁在办、何时到期、哪些超期、为什么。

    \b
    Set it up and run it
      lianxi office init city --plaintext
      lianxi office run --env-file city/office.env
    Ask it (LIANXI_ADDRESS, LIANXI_CERTS and LIANXI_AGENCY spare the options)
      lianxi office overview --address 127.0.0.1:50061 --certs certs --agency joint-meeting-office
      lianxi office late
      lianxi office due --days 7
      lianxi office petition 5d1c3a52-0000-4000-8000-000000000001
      lianxi office explain DUTY_ID
    """


@office.command(short_help="Create the office's node. 建立办公室节点")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--node", "node_id", default="office", show_default=True, metavar="ID", help="Id of the node.")
@click.option("--agency", default=OFFICE, metavar="ID:KIND:中文名:NAME", help=f"The office itself. Default: {OFFICE}")
@click.option("--log-dsn", help="Database of the event log and the views. Without it: in the embedded PostgreSQL.")
@click.option("--keys-dsn", help="Database of the petition keys, another one. Without it: in the embedded PostgreSQL.")
@click.option("--bus", help="kafka://host:port or postgresql://…. Without it: the bus in the embedded PostgreSQL.")
@click.option("--listen", default=OFFICE_LISTEN, show_default=True, metavar="HOST:PORT", help="Where callers connect.")
@click.option("--tls-dir", type=click.Path(path_type=Path), help="Folder with ca.pem and the node's certificate.")
@click.option("--plaintext", is_flag=True, help="No certificates: on loopback only, for trying things out.")
def init(directory: Path, *, node_id: str, agency: str, **options: str | bool | None) -> None:
    """Create the office's databases, keys and tables, and write DIRECTORY/NODE.env. 建立办公室节点。

    The same as `lianxi node init`, with the office's own tables besides. Safe to repeat until the file is written.

    \b
    lianxi office init city --plaintext
    lianxi office init /srv/lianxi --bus kafka://kafka:9092 --tls-dir certs
    """
    env_file = set_up(directory, node_id, (agency,), **options)
    with node_settings(env_file) as settings:
        _prepare(settings)
    click.echo(f"the office is ready 办公室已建立: lianxi office run --env-file {env_file}")


@office.command(short_help="Run the office until it is interrupted. 运行")
@click.option("--roles", default=",".join(ROLES), show_default=True, help="What this process does.")
@env_file_option
def run(*, roles: str, env_file: Path | None) -> None:
    """Run the office in this process until TERM or interrupt. 运行联席会议办公室。

    api answers calls; ingest takes in every agency's facts; watch records missed dates; relay, inbox and views are as
    on every node. Several processes may share the work: a second one stands by for what only one may do.

    \b
    lianxi office run --env-file city/office.env
    lianxi office run --roles ingest,watch,relay        (beside another process with --roles api,inbox,views)
    """
    names = [name.strip() for name in roles.split(",") if name.strip()]
    if unknown := [name for name in names if name not in ROLES]:
        raise click.UsageError(f"unknown role {', '.join(unknown)}: choose from {', '.join(ROLES)}")
    with node_settings(env_file) as settings:
        runtime.log_to_stderr(settings.node)
        with Node.open(settings) as opened:
            try:
                office_run.office_of(opened)
            except office_run.NoOffice as wrong:
                raise click.ClickException(f"{wrong}: see LIANXI_AGENCIES") from wrong
            office_run.prepare(opened)
            code = runtime.run(opened, {name: ROLES[name] for name in names})
    raise SystemExit(code)


@office.command(short_help="Fold every view anew, compare, swap. 重建视图")
@click.option("--check", is_flag=True, help="Compare only: swap nothing.")
@env_file_option
def rebuild(*, check: bool, env_file: Path | None) -> None:
    """Rebuild every view beside the live one, compare, and swap. 重建所有视图并与现有视图比对。

    It may run while the office does. Ends with 1 where views of one version differ: they should be equal, so the new
    ones are left in the schema views_next for a look, and nothing is swapped.

    \b
    lianxi office rebuild --env-file city/office.env
    lianxi office rebuild --check --env-file city/office.env
    """
    console = Console()
    with node_settings(env_file) as settings:
        _prepare(settings)
        rebuilt = _rebuild(settings, console, swap=not check)
    _tell(rebuilt, console)
    if rebuilt.version_before == rebuilt.version_after and not rebuilt.equal:
        raise SystemExit(1)


def _prepare(settings: NodeSettings) -> None:
    store.prepare(settings.log_dsn, law_in_force(local=settings.local_rules).version)


def _rebuild(settings: NodeSettings, console: Console, *, swap: bool) -> Rebuilt:
    def record(moved: list[Moved]) -> None:
        log = Log(settings.log_dsn)
        try:
            record_moved(log, settings.agencies[0].agency, settings.clock(), moved)
        finally:
            log.close()

    law = law_in_force(local=settings.local_rules)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("facts 事实")

        def tell(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        return rebuild_views(settings.log_dsn, law, swap=swap, progress=tell, on_moved=record)


def _tell(rebuilt: Rebuilt, console: Console) -> None:
    table = Table("view 视图", "rows live 现有", "rows rebuilt 重建", "equal 一致", title=f"{rebuilt.facts} facts 事实")
    for check in rebuilt.checks:
        table.add_row(check.table, str(check.rows_live), str(check.rows_rebuilt), "yes 是" if check.equal else "NO 否")
    console.print(table)
    if rebuilt.swapped:
        console.print(f"swapped 已替换: version {rebuilt.version_before} → {rebuilt.version_after}")
    else:
        console.print("not swapped 未替换")


for question in office_questions.QUESTIONS:
    office.add_command(question)
office.add_command(parked_records.parked)
