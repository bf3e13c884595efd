"""One run of one seed: a storm of steps, each followed by the checks, and then calm.

Single-threaded and deterministic: the same seed takes the same steps and leaves the same facts, to the last one.
"""

import hashlib
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from random import Random
from typing import Any, NamedTuple

import psycopg

from domain.duties import CASE_PREFIX
from tests.simulation import quiescence
from tests.simulation.bus import FAIR
from tests.simulation.callers import Callers
from tests.simulation.city import OFFICE_NODE, City, Template
from tests.simulation.invariants import OfficeCheck, check_breaches
from tests.simulation.mirror import Mirror, NodeMirror, ensure
from tests.simulation.nodes import Front, InboxProcess, Process, RelayProcess
from tests.simulation.office import IngestProcess
from tests.simulation.traffic import Traffic

PLACES_MAX = 14
CALM_ROUNDS_MAX = 60
TRACE_LINES_SHOWN = 25


OnStep = Callable[[int], Any]


class Outcome(NamedTuple):
    """What a seed came to."""

    seed: int
    steps: int
    facts: int
    petitions: int
    commands: int
    breaches: int
    deaths: Counter[str]
    digest: str


class SimulationFailed(AssertionError):
    """An invariant broke; the message says where, and how to see it again."""


class Simulation:
    """The city of one seed, and everything that looks at it."""

    def __init__(self, seed: int, template: Template, stack: ExitStack) -> None:
        self.chance = Random(seed)
        self.city = City(self.chance)
        stack.callback(self.city.stop)
        self.city.build(template, stack)
        self.connections: quiescence.Connections = {
            node: stack.enter_context(psycopg.connect(home.settings.log_dsn, autocommit=True))
            for node, home in self.city.homes.items()
        }
        logs = [NodeMirror(node, connection) for node, connection in self.connections.items()]
        self.mirror = Mirror(logs, self.city.protected)
        self.office = OfficeCheck(self.connections[OFFICE_NODE], self.mirror, self.city.law, self.city.node_of)
        self.callers = Callers(self.mirror)
        self.traffic = Traffic(self.city, self.mirror)
        self.trace = self.mirror.trace

    # --- the storm --------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """Let one thing happen, and check what it touches."""
        act = self.chance.choices(list(_ACTS), list(_ACTS.values()))[0]
        self._note(act.__name__.removeprefix("_"), act(self))
        for node in self.mirror.nodes:
            self.mirror.read_new(node)
        self.office.check_new()
        if len(self.trace) % 10 == 0:
            check_breaches(self.mirror.nodes[OFFICE_NODE].facts)

    def _note(self, act: str, what: str) -> None:
        self.trace.append(f"{act}: {what}")

    def _places(self) -> int:
        """Where the next step dies: mostly nowhere."""
        return self.chance.randint(1, PLACES_MAX) if self.chance.random() < 0.15 else 0

    def _front(self, node: str) -> Front:
        return self.chance.choice(self.city.fronts[node])

    def _command(self) -> str:
        intent = self.traffic.next()
        told = self.callers.send(self._front(intent.node), intent, self._places())
        return f"{intent.agency} {intent.rpc} {told}"

    def _repeat(self) -> str:
        intents = self.callers.pending or self.callers.intents
        if not intents:
            return "nothing to repeat"
        intent = self.chance.choice(intents[-20:])
        return f"{intent.agency} {intent.rpc} {self.callers.send(self._front(intent.node), intent, self._places())}"

    def _reuse(self) -> str:
        acknowledged = self.callers.acknowledged
        if not acknowledged:
            return "nothing to reuse"
        intent = self.chance.choice(acknowledged)
        return self.callers.reuse(self._front(intent.node), intent)

    def _work(self) -> str:
        processes = self.city.processes
        process = self.chance.choices(processes, [_HASTE.get(type(process), 1) for process in processes])[0]
        return f"{process.name} {process.step(self._places())}"

    def _post(self) -> str:
        """A good moment: what waits is carried to the bus and taken in, everywhere."""
        told = [
            f"{process.name} {process.step(self._places())}"
            for kind in (RelayProcess, InboxProcess)
            for process in self.city.processes
            if isinstance(process, kind)
        ]
        return ", ".join(told)

    def _restart(self) -> str:
        running = [one for home in self.city.homes.values() for one in home.processes if one.is_running]
        if not running:
            return "nobody runs"
        process = self.chance.choice(running)
        process.stop()
        return process.name

    def _weather(self) -> str:
        return self.city.change_weather()

    def _time(self) -> str:
        return self.city.pass_time()

    def _clock(self) -> str:
        return self.city.step_a_clock()

    def _announce(self) -> str:
        return self.city.announce()

    def _rebuild(self) -> str:
        rebuilder = self.city.rebuilder
        told = rebuilder.step(self.chance.choice((0, 0, 1, 2)))
        if rebuilder.is_running:
            self._check_rebuilt()
        return told

    def _check_rebuilt(self) -> None:
        rebuilt = self.city.rebuilder.last
        assert rebuilt is not None
        same = rebuilt.version_before == rebuilt.version_after
        ensure(rebuilt.equal or not same, f"I8: rebuilt views differ: {rebuilt.checks}")

    def _server_clock(self) -> str:
        """Set a database server's clock back by a year: what the log holds was recorded in its future."""
        node = self.chance.choice(list(self.connections))
        mirror = self.mirror.nodes[node]
        if not mirror.facts or self.city.bus.has_heard_of(node):
            return "too late"
        last = mirror.facts[-1].row.position
        with self.connections[node].transaction():
            self.connections[node].execute("set local session_replication_role = replica")
            self.connections[node].execute(_MOVE_HEAD, (last,))
        mirror.forget()
        mirror.read_new()
        return f"{node} from {last}"

    def _calendar(self) -> str:
        """Publish the newest calendar; the office works its dates out again."""
        city = self.city
        if city.office.law == city.newest:
            return "nothing new"
        before, city.office.law = city.office.law, city.newest
        for process in city.office.processes:
            process.stop()
        told = city.rebuilder.step()
        ensure(city.rebuilder.last is not None and city.rebuilder.last.swapped, f"the views stay on {before}: {told}")
        self.office.refold(city.newest)
        return told

    # --- the calm ---------------------------------------------------------------------------------------------------

    def calm(self) -> None:
        """Turn the faults off, answer everybody, deliver everything, and check that nothing is missing or doubled."""
        self.city.bus.weather = FAIR
        self._note("calm", self.city.announce())
        self._calendar()
        for intent in self.callers.pending:
            self.callers.send(self.city.fronts[intent.node][0], intent, 0)
        before = None
        for _ in range(CALM_ROUNDS_MAX):
            for process in self.city.processes:
                self._note("calm", f"{process.name} {process.step()}")
            facts = {
                node: len(self.mirror.nodes[node].facts) + len(self.mirror.read_new(node)) for node in self.connections
            }
            self.office.check_new()
            state = (facts, self.office.sequence, {key: len(log) for key, log in self.city.bus.logs.items()})
            if state == before:
                break
            before = state
        else:
            ensure(False, f"after {CALM_ROUNDS_MAX} rounds there is still something new")
        self._check_all()

    def _check_all(self) -> None:
        quiescence.check_nothing_parked(self.connections)
        quiescence.check_deliveries(self.mirror)
        quiescence.check_inbox_topics(self.city, self.mirror)
        quiescence.check_office_complete(self.mirror, self.office, self.connections)
        quiescence.check_breaches_complete(self.mirror, self.office, self.city.now(OFFICE_NODE))
        quiescence.check_notices_complete(self.mirror, self.office, self.city.now(OFFICE_NODE))
        quiescence.check_rules_ran(self.connections[OFFICE_NODE])
        quiescence.check_node_views(self.mirror, self.city, self.connections)
        for node in self.mirror.nodes.values():
            quiescence.check_requests(node, self.callers)
            node.check_unchanged()
        self.office.check(self.office.petitions)
        self._note("calm", self.city.rebuilder.step())
        self._check_rebuilt()

    def run(self, seed: int, steps: int, on_step: OnStep) -> Outcome:
        """Take the steps of the storm, then the calm; a failure tells the seed, the step and how to see it again."""
        done = 0
        try:
            for done in range(1, steps + 1):
                self.step()
                on_step(done)
            self.calm()
            return self.outcome(seed, steps)
        except Exception as broken:
            recent = "\n".join(f"    {line}" for line in self.trace[-TRACE_LINES_SHOWN:])
            raise SimulationFailed(
                f"seed {seed}, step {done} of {steps}: {type(broken).__name__}: {broken}\n{recent}\n"
                f"  see it again: python -m tests.simulation --seed {seed} --steps {steps}"
            ) from broken

    def outcome(self, seed: int, steps: int) -> Outcome:
        """What it came to, counted from the logs."""
        facts = [fact for node in self.mirror.nodes.values() for fact in node.facts]
        deaths: Counter[str] = Counter()
        for home in self.city.homes.values():
            for process in home.processes:
                deaths += process.faults.deaths
        return Outcome(
            seed,
            steps,
            len(facts),
            len(self.office.petitions),
            len(self.callers.acknowledged),
            sum(not fact.event.type_name.startswith(CASE_PREFIX) for fact in facts),
            deaths,
            hashlib.sha256("\n".join(self.trace).encode()).hexdigest(),
        )


_MOVE_HEAD = """
update event set recorded_at = recorded_at + interval '1 year',
    leaf_hash = leaf_hash(position, originator_id, originator_version, recorded_at + interval '1 year',
                          topic, causation_id, state)
where position = %s
"""

_HASTE: dict[type[Process], int] = {RelayProcess: 4, InboxProcess: 4, IngestProcess: 8}
"""How much more often these processes find time to work than others."""

_ACTS: dict[Callable[[Simulation], str], int] = {
    Simulation._command: 34,
    Simulation._work: 50,
    Simulation._post: 5,
    Simulation._time: 6,
    Simulation._repeat: 4,
    Simulation._reuse: 1,
    Simulation._restart: 2,
    Simulation._weather: 2,
    Simulation._announce: 1,
    Simulation._clock: 1,
    Simulation._rebuild: 1,
    Simulation._calendar: 1,
    Simulation._server_clock: 1,
}
"""What may happen in a step, and how often."""


def simulate(seed: int, steps: int, template: Template, on_step: OnStep = lambda _: None) -> Outcome:
    """Run one seed; raise `SimulationFailed` where an invariant broke."""
    with ExitStack() as stack:
        return Simulation(seed, template, stack).run(seed, steps, on_step)
