"""`lianxi demo`: a made-up city at work on this machine, live in the terminal, or once through with a count."""

import json
import signal
from types import FrameType
from typing import NoReturn

import click
from rich.console import Console
from rich.table import Table

from services.demo.live import play_live
from services.demo.once import Outcome, play_once
from services.demo.progress import PhaseDisplay
from services.demo.scene import Options
from services.kit.bus.broker import BrokerUnusable
from services.kit.city import CityTrouble

PETITIONS = 60
RATE_LIVE, RATE_ONCE = 6.0, 240.0


@click.command()
@click.option("--once", is_flag=True, help="A bounded scenario, counted at its end.")
@click.option("--json", "as_json", is_flag=True, help="With --once: end with one JSON object.")
@click.option("--seed", default=1, show_default=True, help="The same seed tells the same stories.")
@click.option(
    "--petitions", default=PETITIONS, show_default=True, type=click.IntRange(1, 2000), help="With --once: how many."
)
@click.option(
    "--rate",
    type=click.FloatRange(0.1, 1000),
    metavar="HOURS",
    help=f"Made-up hours in a second; without it {RATE_LIVE:g}, or {RATE_ONCE:g} with --once.",
)
@click.option("--kafka", is_flag=True, help="On a real Kafka broker instead of the embedded bus.")
@click.option("--keep", is_flag=True, help="Keep the folder of the city.")
def demo(*, once: bool, as_json: bool, seed: int, petitions: int, rate: float | None, kafka: bool, keep: bool) -> None:
    """Show a made-up city at work: an office, nine nodes, their traffic. 演示:虚构城市的联席会议办公室和各机关。

    Everything is real but the petitions: one process a node, mutual TLS, PostgreSQL, the bus between them, an
    accelerated clock. Interrupt ends it and clears everything away.

    \b
    lianxi demo
    lianxi demo --rate 24                       a day a second
    lianxi demo --once --seed 7 --json          ends with 0 only if nothing was lost, doubled or left without custodian
    lianxi demo --once --kafka
    """
    if as_json and not once:
        raise click.UsageError("--json goes with --once")
    options = Options(seed=seed, rate_hours=rate or (RATE_ONCE if once else RATE_LIVE), kafka=kafka, keep=keep)
    for ending in (signal.SIGTERM, signal.SIGHUP):  # A terminal that closes ends it as Ctrl-C does.
        signal.signal(ending, _interrupted)
    try:
        if once:
            raise SystemExit(_once(options, petitions, as_json=as_json))
        play_live(options, Console())
    except (CityTrouble, BrokerUnusable) as trouble:
        raise click.ClickException(str(trouble)) from trouble
    except KeyboardInterrupt:
        click.echo("ended 已结束", err=True)


def _interrupted(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _once(options: Options, petitions: int, *, as_json: bool) -> int:
    with PhaseDisplay(Console(stderr=True)) as display:
        outcome = play_once(options, petitions, display)
    if as_json:
        click.echo(json.dumps(outcome.report.as_json(), ensure_ascii=False))
    else:
        _show(outcome, Console())
    for failure in outcome.failures:
        click.echo(f"FAILED 未通过: {failure}", err=True)
    return 1 if outcome.failures else 0


LABELS = {
    "bus": "bus 总线",
    "nodes": "nodes 节点",
    "petitions": "petitions 信访事项",
    "events": "facts 事实",
    "handoffs": "hand-offs 流转",
    "objections": "objections 异议",
    "duties_open": "duties open 未结责任",
    "duties_breached": "duties breached 超期未办",
    "petitions_without_custodian": "petitions without a custodian 无责任单位",
    "events_lost": "facts lost 丢失",
    "events_doubled": "facts doubled 重复",
    "views_equal_rebuild": "views equal their rebuild 视图与重建一致",
    "seed": "seed 种子",
    "seconds": "seconds 秒",
}


def _show(outcome: Outcome, console: Console) -> None:
    table = Table("counted 核对", "", show_edge=False, pad_edge=False)
    table.columns[1].justify = "right"
    for name, value in outcome.report.as_json().items():
        table.add_row(LABELS[name], ("yes 是" if value else "NO 否") if isinstance(value, bool) else str(value))
    console.print(table)
    console.print("stories 情节: " + ", ".join(f"{kind} {count}" for kind, count in sorted(outcome.kinds.items())))
    if not outcome.failures:
        console.print("[green]all well 全部核对无误[/]")
