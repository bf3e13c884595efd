"""`lianxi node`: set a node up, run it, see how it does, and decide about deliveries that it could not take in.

`ROLES` is the process table: what a node's process can do, and which function does it.
"""

import getpass
import json
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from threading import Event
from typing import Any

import click

from domain.vocabulary import AgencyKind
from services.cli.node_settings import EMBEDDED, embedded_addresses, env_file_option, node_settings
from services.kit import inbox, parked_deliveries, relay, runtime
from services.kit.embedded_postgres import EmbeddedPostgres
from services.kit.node import Node, prepare
from services.kit.node_status import read_status
from services.kit.secret_files import SecretExists, make_secret_directory, write_secret
from services.kit.settings import DEFAULT_LISTEN, NodeSettings, WrongSettings


def _serve(node: Node, stop: Event) -> None:
    from services.agency.service import serve

    serve(node, stop)


def _follow_views(node: Node, stop: Event) -> None:
    from services.agency import views

    views.prepare(node.settings.log_dsn)
    views.follow(node, stop)


ROLES: Mapping[str, runtime.Loop] = {
    "api": _serve,
    "relay": relay.run,
    "inbox": inbox.run,
    "views": _follow_views,
}
"""What a process of a node can do. Of relay and inbox one process of the node is active, and the others stand by."""


@click.group(short_help="Set up and run a node of an agency. 节点")
def node() -> None:
    """Set up and run a node: the log, the keys and the services of one or several agencies. 节点:建立、运行、查看。

    \b
    lianxi node init city --node housing --plaintext \\
        --agency housing-bureau:agency:住房和城乡建设局:"Housing Bureau"
    lianxi node run --env-file city/housing.env
    lianxi node status --env-file city/housing.env
    lianxi node parked list --env-file city/housing.env
    """


@node.command(short_help="Create the databases and keys of a node. 建立节点")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--node", "node_id", required=True, metavar="ID", help="Id of the node: 2 to 40 of a-z, 0-9 and '-'.")
@click.option(
    "--agency",
    "agencies",
    required=True,
    multiple=True,
    metavar="ID:KIND:中文名:NAME",
    help=f"An agency that the node serves. KIND is one of {', '.join(AgencyKind)}. Repeat for several. "
    "With a superior or a division it is written as JSON, as in LIANXI_AGENCIES.",
)
@click.option("--log-dsn", help="Database of the event log. Without it: one in the embedded PostgreSQL.")
@click.option("--keys-dsn", help="Database of the petition keys, another one. Without it: in the embedded PostgreSQL.")
@click.option("--bus", help="kafka://host:port or postgresql://…. Without it: the bus in the embedded PostgreSQL.")
@click.option("--listen", default=DEFAULT_LISTEN, show_default=True, metavar="HOST:PORT", help="Where callers connect.")
@click.option("--tls-dir", type=click.Path(path_type=Path), help="Folder with ca.pem and the node's certificate.")
@click.option("--plaintext", is_flag=True, help="No certificates: on loopback only, for trying things out.")
def init(directory: Path, *, node_id: str, agencies: tuple[str, ...], **options: str | bool | None) -> None:
    """Create what a node needs and write DIRECTORY/ID.env for `lianxi node run`. 建立节点所需的数据库和密钥。

    Nodes with the same DIRECTORY share one embedded PostgreSQL and its bus, unless their own are given. Nothing that is
    there already is replaced.
    """
    env_file = set_up(directory, node_id, agencies, **options)
    click.echo(f"node {node_id} is ready 节点已建立: lianxi node run --env-file {env_file}")


def set_up(directory: Path, node_id: str, agencies: tuple[str, ...], **options: str | bool | None) -> Path:
    """Create what a node needs and return its file of variables; say which certificate it lacks."""
    directory = directory.absolute()
    make_secret_directory(directory)
    given = {
        "LIANXI_NODE": node_id,
        "LIANXI_AGENCIES": json.dumps([_agency(text) for text in agencies], ensure_ascii=False),
        "LIANXI_STATE_DIR": str(directory / node_id),
        "LIANXI_LOG_DSN": options["log_dsn"],
        "LIANXI_KEYS_DSN": options["keys_dsn"],
        "LIANXI_BUS": options["bus"],
        "LIANXI_LISTEN": options["listen"],
        "LIANXI_TLS_DIR": options["tls_dir"] and str(Path(str(options["tls_dir"])).absolute()),
        "LIANXI_PLAINTEXT": "1" if options["plaintext"] else None,
    }
    written = {name: str(value) for name, value in given.items() if value}
    is_embedded = not (options["log_dsn"] and options["keys_dsn"] and options["bus"])
    if is_embedded:
        written[EMBEDDED] = str(directory / "postgres")
    try:
        with EmbeddedPostgres(directory / "postgres") if is_embedded else nullcontext() as cluster:
            addresses = embedded_addresses(cluster, node_id) if cluster else {}
            settings = NodeSettings.from_env({**addresses, **written})
            prepare(settings)
        env_file = directory / f"{node_id}.env"
        # It may hold the passwords of databases.
        write_secret(env_file, "".join(f"{name}={value}\n" for name, value in written.items()).encode())
    except (WrongSettings, SecretExists) as wrong:
        raise click.ClickException(str(wrong)) from wrong
    if settings.server_tls and not settings.server_tls.certificate.is_file():
        speaks_for = " ".join(f"--agency {served.agency}" for served in settings.agencies)
        click.echo(
            "its certificate is still to be issued 尚需签发证书: "
            f"lianxi certs issue {settings.tls_dir} --node {node_id} {speaks_for}"
        )
    return env_file


@node.command(short_help="Run a node until it is interrupted. 运行节点")
@click.option(
    "--roles", default=",".join(ROLES), show_default=True, help="What this process does, with commas between."
)
@env_file_option
def run(*, roles: str, env_file: Path | None) -> None:
    """Run a node in this process until TERM or interrupt. 运行节点。

    api answers calls; relay carries facts to the bus; inbox takes in what other nodes send; views keeps what callers
    read. A second process of the same node stands by for relay and inbox.
    """
    names = [name.strip() for name in roles.split(",") if name.strip()]
    if unknown := [name for name in names if name not in ROLES]:
        raise click.UsageError(f"unknown role {', '.join(unknown)}: choose from {', '.join(ROLES)}")
    with node_settings(env_file) as settings:
        runtime.log_to_stderr(settings.node)
        with Node.open(settings) as opened:
            code = runtime.run(opened, {name: ROLES[name] for name in names})
    raise SystemExit(code)


@node.command(short_help="Tell how a node does. 节点状态")
@env_file_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def status(*, env_file: Path | None, as_json: bool) -> None:
    """Tell where the log, the relay and the inbox stand. 查看节点状态。"""
    with node_settings(env_file) as settings:
        found = read_status(settings)
    if as_json:
        click.echo(json.dumps({"node": settings.node, **found._asdict()}))
        return
    read = "the bus does not answer 总线无应答" if found.inbox_end is None else f"{found.inbox_end - found.inbox_read}"
    lines = {
        "node 节点": settings.node,
        "agencies 机关": ", ".join(served.agency for served in settings.agencies),
        "facts in the log 事实": found.facts,
        "not yet on the bus 待发布": found.facts - found.facts_sent,
        "held, addressee unknown 待投递": found.deliveries_held - found.deliveries_withheld,
        "withheld from the accused 依法不予投递": found.deliveries_withheld,
        "not yet taken in 待接收": read,
        "parked 搁置": found.deliveries_parked,
        "relay 发布": "active 运行中" if found.relay_is_active else "not running 未运行",
        "inbox 接收": "active 运行中" if found.inbox_is_active else "not running 未运行",
    }
    for label, value in lines.items():
        click.echo(f"{label}: {value}")


@node.group(short_help="Deliveries that could not be taken in. 搁置的来件")
def parked() -> None:
    """Look at deliveries that could not be taken in, try them again, or give them up. 查看、重试、放弃搁置的来件。

    While one delivery of a petition is parked, the later ones of that petition wait behind it.
    """


@parked.command("list", short_help="List them. 列出")
@env_file_option
def list_command(*, env_file: Path | None) -> None:
    """List what is parked, oldest first. 列出搁置的来件。"""
    with node_settings(env_file) as settings:
        found = parked_deliveries.list_parked(settings.log_dsn)
    for one in found:
        click.echo(f"{one.record_offset}\t{one.parked_time:%Y-%m-%d %H:%M:%S}Z\t{one.code}\tpetition {one.petition_id}")
        click.echo(f"\t{one.reason} {one.article}".rstrip())
    click.echo(f"{len(found)} parked 搁置")


_BY = click.option("--by", default=getpass.getuser, metavar="WHO", help="Who decides; without it, the user logged in.")
_REASON = click.option("--reason", required=True, help="Why; it stays on record.")


@parked.command(short_help="Try again. 重试")
@click.argument("record", type=int, required=False)
@_REASON
@_BY
@env_file_option
def retry(record: int | None, *, reason: str, by: str, env_file: Path | None) -> None:
    """Let the running node try RECORD again, or all of them without one. 重试。"""
    with node_settings(env_file) as settings:
        count = parked_deliveries.want_retry(settings.log_dsn, record, by, reason)
    click.echo(f"{count} will be tried again 将重试")


@parked.command(short_help="Give one up. 放弃")
@click.argument("record", type=int)
@_REASON
@_BY
@env_file_option
def skip(record: int, *, reason: str, by: str, env_file: Path | None) -> None:
    """Give RECORD up for good; what waits behind it goes on. 放弃该来件。"""
    with node_settings(env_file) as settings:
        if not parked_deliveries.skip(settings.log_dsn, record, by, reason):
            raise click.ClickException(f"no record {record} is parked: see `lianxi node parked list`")
    click.echo(f"record {record} is skipped 已放弃")


def _agency(text: str) -> Any:
    if text.startswith("{"):
        try:
            return json.loads(text)
        except ValueError:
            raise click.UsageError("an agency in braces is written as JSON") from None
    parts = text.split(":")
    if len(parts) != 4:
        raise click.UsageError(f"an agency is written ID:KIND:中文名:NAME or as JSON, not {text!r}")
    return dict(zip(("agency", "kind", "name_zh", "name"), parts, strict=True))
