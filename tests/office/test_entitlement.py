"""Whose facts the office believes (I11): a fact counts from the node that speaks for its agency, and from no other."""

from datetime import UTC, date, datetime

import pytest

from domain.breach import BreachRecorded, breach_id_of
from domain.case import MaterialsUnsealed, case_id_of
from domain.parking import ParkedRecordRetried, ParkingReason, parked_record_id
from domain.vocabulary import AgencyKind, Purpose
from services.kit.bus.port import Record
from services.kit.directory import Claim, Directory, NodeEntry
from services.kit.envelope import decode
from services.kit.law import law_in_force
from services.kit.sealing import NodeKeys
from services.office.batch import take
from services.office.ingest import Ingest
from services.office.rebuild import rebuild
from tests.support.desk import OFFICE_NODE, Desk, Post, by_petition, expected
from tests.support.histories import BUREAU, DEPARTMENT, KINDS, NODES, records

HISTORY = records(4, seed=19, interleaved=4)
PETITION, ROAD = next(iter(by_petition(HISTORY).items()))
OFFICE = "joint-meeting"
TODAY = datetime(2026, 2, 1, tzinfo=UTC)


def entry(node: str, agency: str, kind: AgencyKind) -> NodeEntry:
    public = NodeKeys.generate().public_record()
    claim = Claim(agency=agency, kind=kind, name_zh="某局", name=agency)
    return NodeEntry(node=node, public_key=public["delivery_key"], signing_key=public["signing_key"], agencies=(claim,))


def city() -> Directory:
    """The directory of those whose facts the history holds, and of the office."""
    agencies = [entry(NODES[agency], agency, KINDS[agency]) for agency in (DEPARTMENT, BUREAU)]
    return Directory([*agencies, entry(OFFICE_NODE, OFFICE, AgencyKind.JOINT_MEETING_OFFICE)])


def opened_by(agency: str) -> MaterialsUnsealed:
    return MaterialsUnsealed(
        petition_id=PETITION, agency=agency, occurred_time=TODAY, official="post-1", purpose=Purpose.HANDLING
    )


def opening(post: Post, node: str, agency: str, case_of: str) -> Record:
    """A fact of an agency, as a node puts it on the bus, in the case of an agency."""
    return post.fact(node, case_id_of(PETITION, case_of), 90, opened_by(agency))


def breach(post: Post, node: str, agency: str) -> Record:
    fact = BreachRecorded(
        petition_id=PETITION,
        agency=agency,
        occurred_time=TODAY,
        duty_id="duty",
        rung=1,
        rule_id="D1",
        rule_version="2022",
        article="Art. 22(1)",
        debtor=DEPARTMENT,
        due_date=date(2026, 1, 31),
        due_time=TODAY,
        calendar_version="cn",
    )
    return post.fact(node, breach_id_of("duty", 1), 1, fact)


def retry(post: Post, node: str, parked: Record) -> Record:
    """The office's decision to fold a parked record again, as a node puts it on the bus."""
    decision = ParkedRecordRetried(
        petition_id=PETITION,
        agency=OFFICE,
        occurred_time=TODAY,
        partition=parked.partition,
        record_offset=parked.offset,
        reason=ParkingReason.OTHER,
    )
    return post.fact(node, parked_record_id(parked.partition, parked.offset), 1, decision)


def problem(record: Record, directory: Directory | None = None) -> str:
    return take(record, directory or city()).problem or ""


def test_each_node_is_believed_on_its_own_agency() -> None:
    assert [problem(record) for record in HISTORY] == [""] * len(HISTORY)
    post = Post(HISTORY)
    assert problem(opening(post, NODES[BUREAU], BUREAU, BUREAU)) == ""
    assert problem(breach(post, OFFICE_NODE, OFFICE)) == ""


def test_a_node_is_not_believed_on_an_agency_of_another_node() -> None:
    forged = opening(Post(HISTORY), NODES[DEPARTMENT], BUREAU, BUREAU)
    assert problem(forged) == "its node does not speak for agency housing-bureau: the directory names node node-two"


def test_an_agency_that_the_directory_does_not_list_yet_is_believed() -> None:
    assert problem(opening(Post(HISTORY), NODES[DEPARTMENT], BUREAU, BUREAU), Directory()) == ""


def test_an_agency_does_not_write_into_the_case_of_another_even_on_one_node() -> None:
    found = problem(opening(Post(HISTORY), NODES[DEPARTMENT], DEPARTMENT, BUREAU), Directory())
    assert found == "the fact stands in the case of another agency than its own"


def test_only_the_office_puts_a_breach_on_record() -> None:
    found = problem(breach(Post(HISTORY), NODES[DEPARTMENT], DEPARTMENT))
    assert found == "only the Joint Meeting Office states such facts, and agency petition-office is none"


@pytest.mark.postgres
def test_a_forged_fact_is_parked_changes_no_view_and_is_folded_once_the_directory_says_so(desk: Desk) -> None:
    post = Post(HISTORY)
    forged = opening(post, NODES[DEPARTMENT], BUREAU, BUREAU)
    directory = city()
    worker = Ingest(desk.connect(), law_in_force(), OFFICE_NODE, directory)
    worker.resume()
    worker.write([*HISTORY, forged])
    [(reason, is_poison)] = desk.parked()
    assert "does not speak for agency housing-bureau" in reason
    assert is_poison
    assert desk.views() == expected(HISTORY)

    directory.forget(NODES[BUREAU])
    directory.learn(entry("node-one", BUREAU, AgencyKind.AGENCY))
    worker.write([retry(post, OFFICE_NODE, forged)])
    assert desk.parked() == []
    folded = "SELECT count(*) FROM office.inbox WHERE node = %s AND position = %s"
    assert desk.select(folded, NODES[DEPARTMENT], decode(forged.value).position) == [(1,)]
    assert rebuild(desk.dsn, law_in_force()).equal


@pytest.mark.postgres
def test_a_forged_decision_lets_nothing_be_folded(desk: Desk) -> None:
    post = Post(HISTORY)
    forged = opening(post, NODES[DEPARTMENT], BUREAU, BUREAU)
    worker = Ingest(desk.connect(), law_in_force(), OFFICE_NODE, city())
    worker.resume()
    worker.write([*HISTORY, forged])
    worker.write([retry(post, NODES[DEPARTMENT], forged)])
    assert len(desk.parked()) == 2
    assert desk.views() == expected(HISTORY)
