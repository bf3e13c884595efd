"""The bounded scenario: so many stories, played to their end, and then the count of what became of every fact.

It ends when every story is told, every date that was set has passed, and everything has arrived where it belongs. Then
the office rebuilds its views from zero and compares. What is reported is read from the databases and asked of the
office.
"""

import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from services.demo.agenda import bounded
from services.demo.scene import Options, Scene, set_up
from services.demo.simulator import Simulator
from services.demo.verification import count_events, read_standing
from services.demo.wangshu import OFFICE_NODE
from services.kit.city import Progress

STORIES_SECONDS_MAX = 240.0
DATES_SECONDS_MAX = 60.0
ARRIVAL_SECONDS_MAX = 60.0
LOOK_SECONDS = 0.3
PAGE = 500
PHASES: tuple[str, ...] = ("stories", "dates", "arrivals", "rebuild")


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was counted; the names are those of the JSON object."""

    bus: str
    nodes: int
    petitions: int
    events: int
    handoffs: int
    objections: int
    duties_open: int
    duties_breached: int
    petitions_without_custodian: int
    events_lost: int
    events_doubled: int
    views_equal_rebuild: bool
    seed: int
    seconds: float

    def failures(self) -> list[str]:
        """What must not be, in words; empty where all is well."""
        checks = {
            f"{self.events_lost} facts lost": self.events_lost,
            f"{self.events_doubled} facts doubled": self.events_doubled,
            f"{self.petitions_without_custodian} petitions without a custodian": self.petitions_without_custodian,
            "the rebuilt views differ from the live ones": not self.views_equal_rebuild,
        }
        return [words for words, is_wrong in checks.items() if is_wrong]

    def as_json(self) -> dict[str, object]:
        """The one object."""
        return asdict(self)


@dataclass(frozen=True)
class Outcome:
    """The report, what failed, and how often each kind of story was told."""

    report: Report
    failures: tuple[str, ...]
    kinds: dict[str, int]


def play_once(options: Options, petitions: int, progress: Progress) -> Outcome:
    """Play the scenario. Raises `CityTrouble` where the city does not start or a part of it ends."""
    started = time.monotonic()
    with set_up(options, progress) as scene:
        simulator = Simulator(scene.desks, scene.clock, bounded(options.seed, petitions))
        with simulator:
            failures = _await_stories(scene, simulator, petitions, progress)
        failures += simulator.given_up
        _await_dates(scene, progress)
        failures += _await_arrivals(scene, progress)
        progress("rebuild", 0, 1)
        rebuilt = scene.city.run(OFFICE_NODE, "office", "rebuild")
        progress("rebuild", 1, 1)
        report = _report(scene, options, is_equal=rebuilt.returncode == 0, started=started)
        kinds = dict(simulator.kinds)
    return Outcome(report, (*report.failures(), *failures), kinds)


def _await_stories(scene: Scene, simulator: Simulator, petitions: int, progress: Progress) -> list[str]:
    deadline = time.monotonic() + STORIES_SECONDS_MAX
    while not simulator.wait(LOOK_SECONDS):
        scene.check()
        progress("stories", simulator.stories_told, petitions)
        if time.monotonic() > deadline:
            return [f"{petitions - simulator.stories_told} stories did not end in {STORIES_SECONDS_MAX:.0f} s"]
    progress("stories", petitions, petitions)
    return []


def _await_dates(scene: Scene, progress: Progress) -> None:
    """Wait until every date that an agency still owes by has passed, so that nothing changes any more by itself."""
    deadline = time.monotonic() + DATES_SECONDS_MAX
    progress("dates", 0, 1)
    while (last := _last_date(scene)) and last > scene.clock() and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
    progress("dates", 1, 1)


def _last_date(scene: Scene) -> datetime | None:
    dates: list[datetime] = []
    token = ""
    while True:
        answer = scene.office.duties("OPEN", PAGE, token)
        dates += [duty.due_time.ToDatetime(UTC) for duty in answer.duties if duty.HasField("due_time")]
        token = answer.next_page_token
        if not token:
            return max(dates, default=None)


def _await_arrivals(scene: Scene, progress: Progress) -> list[str]:
    """Wait until two looks in a row find everything arrived and no log grown between them."""
    nodes, deadline = scene.city.settings, time.monotonic() + ARRIVAL_SECONDS_MAX
    before = read_standing(nodes, OFFICE_NODE)
    while time.monotonic() < deadline:
        progress("arrivals", len(nodes) - len(before.waiting), len(nodes))
        time.sleep(LOOK_SECONDS)
        now = read_standing(nodes, OFFICE_NODE)
        if now == before and not now.waiting:
            return []
        before = now
    return [f"node {node}: {what}" for node, what in before.waiting.items()]


def _report(scene: Scene, options: Options, *, is_equal: bool, started: float) -> Report:
    overview = scene.office.overview()
    counted = count_events(scene.city.settings, OFFICE_NODE)
    return Report(
        bus="kafka" if options.kafka else "embedded",
        nodes=len(scene.city.pids()),
        petitions=overview.petitions,
        events=counted.events,
        handoffs=overview.handoffs,
        objections=overview.objections,
        duties_open=sum(rule.open for rule in overview.duties),
        duties_breached=sum(rule.breached for rule in overview.duties),
        petitions_without_custodian=overview.petitions_without_custodian,
        events_lost=counted.lost,
        events_doubled=counted.doubled,
        views_equal_rebuild=is_equal,
        seed=options.seed,
        seconds=round(time.monotonic() - started, 1),
    )
