"""A handful of seeds with every `make test`; `python -m tests.simulation --seeds 50` runs many more."""

import subprocess
import sys
from contextlib import ExitStack

import pytest

from tests.simulation.city import Template
from tests.simulation.run import Simulation, SimulationFailed, simulate

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

SEEDS = (1, 2, 3, 4, 5, 6)
STEPS = 500


@pytest.mark.parametrize("seed", SEEDS)
def test_the_invariants_hold_at_every_step(seed: int, prepared: Template) -> None:
    outcome = simulate(seed, STEPS, prepared)
    assert outcome.deaths.total() > 0
    assert outcome.facts > outcome.commands > 0


def test_a_seed_takes_the_same_steps_and_leaves_the_same_facts_every_time(prepared: Template) -> None:
    # Once here and once in another process, whose hashes of strings are others: nothing may hang on the order of a set.
    words = ["-m", "tests.simulation", "--seed", "7", "--steps", "200"]
    told = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=True, timeout=120).stderr
    assert simulate(7, 200, prepared).digest[:16] in told


def test_a_failing_seed_tells_its_step_and_how_to_see_it_again(prepared: Template) -> None:
    def forge(step: int) -> None:
        if step == 150:
            # Somebody with all powers over a database edits history.
            for connection in simulation.connections.values():
                with connection.transaction():
                    connection.execute("set local session_replication_role = replica")
                    connection.execute("update event set causation_id = 'forged:1' where position = 1")

    with ExitStack() as stack:
        simulation = Simulation(7, prepared, stack)
        with pytest.raises(SimulationFailed, match=r"seed 7, step 200 of 200: (.|\n)*I7: the log of \w+ was changed"):
            simulation.run(7, 200, forge)
