"""The living city: traffic without end, and the office's picture of it, until somebody has seen enough.

In a terminal the picture is drawn a few times a second; elsewhere a line is written every few seconds.
"""

import sys
import time
from pathlib import Path

from rich.console import Console
from rich.live import Live

from services.demo.agenda import endless
from services.demo.picture import Observer
from services.demo.progress import PhaseDisplay
from services.demo.scene import TRY_FILE, Options, Scene, set_up
from services.demo.screen import Scenery, Size, draw
from services.demo.simulator import Simulator
from services.demo.wangshu import OFFICE_NODE

FRAME_SECONDS = 0.2
LINE_SECONDS = 5.0


def play_live(options: Options, console: Console) -> None:
    """Show the city until interrupted. Raises `CityTrouble` where it does not start or a part of it ends."""
    started = time.monotonic()
    display = PhaseDisplay(Console(stderr=True))
    with display, set_up(options, display) as scene:
        display.close()
        simulator = Simulator(scene.desks, scene.clock, endless(options.seed, options.days_per_second))
        with simulator, Observer(scene.office, simulator.touched, simulator.heads) as observer:
            while observer.picture.overview.events == 0:
                time.sleep(FRAME_SECONDS / 2)
            console.print(f"picture 画面: {time.monotonic() - started:.1f} s", highlight=False)
            show = _draw_frames if console.is_terminal else _print_lines
            show(scene, observer, _scenery(scene, options), console)


def _scenery(scene: Scene, options: Options) -> Scenery:
    nodes = sorted(scene.city.settings.items(), key=lambda item: item[0] != OFFICE_NODE)
    return Scenery(
        rate_hours=options.rate_hours,
        bus="Kafka" if options.kafka else "embedded 嵌入式",
        addresses={node: settings.listen for node, settings in nodes},
        try_file=str(scene.city.directory / TRY_FILE),
        command=_command(),
    )


def _command() -> str:
    called = Path(sys.argv[0])
    return str(called) if called.name == "lianxi" else "lianxi"


def _draw_frames(scene: Scene, observer: Observer, scenery: Scenery, console: Console) -> None:
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            scene.check()
            size = Size(console.size.width, console.size.height)
            live.update(draw(observer.picture, scenery, scene.clock(), size), refresh=True)
            time.sleep(FRAME_SECONDS)


def _print_lines(scene: Scene, observer: Observer, scenery: Scenery, console: Console) -> None:
    office = scenery.addresses[OFFICE_NODE]
    console.print(
        f"office gRPC {office}; try 试一试: . {scenery.try_file}; {scenery.command} office late", soft_wrap=True
    )
    while True:
        scene.check()
        seen = observer.picture.overview
        breached = sum(rule.breached for rule in seen.duties)
        console.print(
            f"{scene.clock():%Y-%m-%d} petitions 事项 {seen.petitions} open 未结 {seen.petitions_open} "
            f"facts 事实 {seen.events} "
            f"hand-offs 流转 {seen.handoffs} returned 退回 {seen.returns} late 超期 {breached}",
            highlight=False,
            soft_wrap=True,
        )
        time.sleep(LINE_SECONDS)
