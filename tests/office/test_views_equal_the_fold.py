"""I8: the live views, the rebuilt views and the fold in memory are equal, however the records are mixed and cut."""

import random
from collections.abc import Iterator
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.kit.bus.port import Record
from services.kit.embedded_postgres import EmbeddedPostgres
from services.kit.law import law_in_force
from services.office.rebuild import rebuild
from tests.support.desk import Desk, expected
from tests.support.histories import records

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

EXAMPLES = 20


@pytest.fixture(scope="module")
def shared_desk(postgres_server: EmbeddedPostgres) -> Iterator[Desk]:
    """One database for all examples: each begins by emptying it."""
    opened = Desk(postgres_server.dsn(f"office_{uuid4().hex[:12]}"))
    yield opened
    opened.close()


def partitions_mixed(sent: list[Record], rng: random.Random) -> list[Record]:
    """The records in another order between partitions, and in their own order within each."""
    waiting: dict[int, list[Record]] = {}
    for record in reversed(sent):
        waiting.setdefault(record.partition, []).append(record)
    mixed = []
    while waiting:
        partition = rng.choice(sorted(waiting))
        mixed.append(waiting[partition].pop())
        if not waiting[partition]:
            del waiting[partition]
    return mixed


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 10_000),
    petitions=st.integers(1, 6),
    interleaved=st.integers(1, 6),
    cuts=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    restarts=st.booleans(),
)
def test_live_views_equal_a_rebuild_and_the_fold_in_memory(
    shared_desk: Desk, seed: int, petitions: int, interleaved: int, cuts: list[int], restarts: bool
) -> None:
    desk = shared_desk
    desk.clear()
    rng = random.Random(seed)
    sent = partitions_mixed(records(petitions, seed=seed, interleaved=interleaved), rng)
    worker = desk.worker()
    taken = 0
    while taken < len(sent):
        size = rng.choice(cuts)
        if restarts:
            worker.resume()
        worker.write(sent[taken : taken + size])
        taken += size
        assert desk.views() == expected(sent[:taken])
    rebuilt = rebuild(desk.dsn, law_in_force())
    assert rebuilt.equal
    assert rebuilt.swapped
    assert desk.views() == expected(sent)
