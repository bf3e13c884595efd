"""Streams of hand-overs: what counts as a return, and that no stream is ever refused by the rules of the domain."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from services.importer.mapping import Occasion
from services.importer.mapping_files import load_mapping
from services.importer.plan import Plan, Planner
from services.importer.reading import Row
from services.importer.stream import changes
from tests.importer.letters import Agencies

MAPPING = load_mapping("handovers_bpic2013")
START = datetime(2011, 5, 2, 8, 0, tzinfo=UTC)


def road(*agencies: str, is_ended: bool = False) -> list[str]:
    return [f"{change.occasion} {change.holder}>{change.other}" for change in changes(agencies, is_ended=is_ended)]


def test_staying_where_it_is_changes_nothing() -> None:
    assert road("a1", "a1", "a1", is_ended=True) == ["begin a1>a1", "end a1>a1"]


def test_going_back_to_where_it_came_from_is_a_return() -> None:
    assert road("a1", "b2", "a1") == ["begin a1>a1", "handover a1>b2", "return b2>a1"]


def test_a_second_try_after_a_return_is_a_handover_again() -> None:
    assert road("a1", "b2", "a1", "b2") == ["begin a1>a1", "handover a1>b2", "return b2>a1", "handover a1>b2"]


def test_a_long_way_back_is_returned_step_by_step() -> None:
    assert road("a1", "b2", "c3", "b2", "a1")[-2:] == ["return c3>b2", "return b2>a1"]


def test_coming_round_is_no_return() -> None:
    assert road("a1", "b2", "c3", "a1")[-1] == "handover c3>a1"


def test_after_coming_round_and_going_back_the_older_handover_can_still_be_returned() -> None:
    expected = ["return a1>c3", "return c3>b2", "return b2>a1"]
    assert road("a1", "b2", "c3", "a1", "c3", "b2", "a1")[-3:] == expected


def test_every_change_names_its_row() -> None:
    found = [(change.occasion, change.row) for change in changes(["a1", "a1", "b2", "b2"], is_ended=True)]
    assert found == [(Occasion.BEGIN, 0), (Occasion.HANDOVER, 2), (Occasion.END, 3)]


streams = st.lists(st.tuples(st.sampled_from(["a1", "b2", "c3", "d4"]), st.integers(0, 2)), min_size=1, max_size=24)


@given(streams, st.booleans(), st.randoms(use_true_random=False))
def test_no_stream_is_refused_in_whatever_order_the_post_arrives(
    stream: list[tuple[str, int]], is_ended: bool, random: Random
) -> None:
    plan = planned(stream, is_ended=is_ended)
    agencies = Agencies(plan.petition_id, choose=random.randrange)
    agencies.follow(plan)
    custody = agencies.office.custody.current
    assert custody is not None
    assert custody.custodian == stream[-1][0]


@given(streams)
def test_returns_and_handovers_add_up_to_the_changes_of_agency(stream: list[tuple[str, int]]) -> None:
    plan = planned(stream, is_ended=False)
    agencies = Agencies(plan.petition_id, choose=lambda _: 0)
    agencies.follow(plan)
    changed = sum(one[0] != next_[0] for one, next_ in pairwise(stream))
    assert len(agencies.office.handoffs) + agencies.office.returns == changed


def planned(stream: list[tuple[str, int]], *, is_ended: bool) -> Plan:
    rows, time = [], START
    for line, (group, hours) in enumerate(stream, 2):
        time += timedelta(hours=hours)
        activity = "Completed" if is_ended and line == len(stream) + 1 else "Queued"
        cells = {"case": "1-1", "time": time.isoformat(), "activity": activity, "group": group}
        rows.append(Row(line, cells))
    plan = Planner(MAPPING, datetime(2026, 1, 1, tzinfo=UTC)).plan(rows)
    assert isinstance(plan, Plan), plan
    return plan
