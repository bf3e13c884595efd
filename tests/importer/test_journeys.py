"""The whole road of `lianxi import`: into a temporary system, into a living one, twice, killed midway, and refused."""

import csv
import signal
import subprocess
import time
from pathlib import Path

import pytest
from openpyxl import Workbook

from services.importer.mapping import Mapping
from services.kit.city import EmbeddedCity, Site
from services.kit.settings import ServedAgency
from tests.importer.journeys import MESSAGES, SAMPLES, command, duties, facts_of_agencies, imported, into, overview, run
from tests.support.logs import as_owner

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("folder")]
MESSAGES_CSV, HANDOVERS_CSV = SAMPLES / "messages.csv", SAMPLES / "handovers.csv"


def test_a_file_is_shown_through_the_offices_eyes_and_nothing_stays_behind(folder: Path) -> None:
    found = imported(MESSAGES_CSV, "messages_with_replies", "--standalone")
    assert {name: found[name] for name in found if name != "duties"} == {
        "rows": 12,
        "imported": 8,
        "already_present": 1,
        "rejected": 3,
        "petitions": 8,
        "handoffs": 3,
    }
    # Of seven answers one came at 00:00 after the sixtieth day; one message is not answered.
    assert duties(found)["D10"] == (0, 6, 1, 1)
    assert duties(found)["D3"] == (0, 8, 0, 0)
    assert [path.name for path in folder.iterdir()] == ["messages.csv.rejects.csv"]
    with (folder / "messages.csv.rejects.csv").open(encoding="utf-8-sig", newline="") as rejects:
        # The rejects say where and why, and repeat nothing.
        assert list(csv.reader(rejects)) == [
            ["line", "field", "reason"],
            ["10", "留言时间", "not a time in any form that the mapping lists"],
            ["11", "答复时间", "the time lies before the step that comes before it"],
            ["12", "", "the row has 5 cells where the first line names 7"],
        ]


def test_a_person_sees_tables() -> None:
    done = run(HANDOVERS_CSV, "handovers_bpic2013", "--standalone")
    assert done.returncode == 0, done.stderr
    for text in ("petitions 信访事项 3", "hand-offs 流转 4", "returns 退回 3", "D10 (2005)", "south-2nd"):
        assert text in done.stdout


# --- into a living system -------------------------------------------------------------------------------------------


def test_the_same_file_twice_doubles_nothing(city: EmbeddedCity) -> None:
    before = overview(city)
    first = imported(HANDOVERS_CSV, "handovers_bpic2013", *into(city))
    facts = facts_of_agencies(city)
    second = imported(HANDOVERS_CSV, "handovers_bpic2013", *into(city))
    assert (first["imported"], first["already_present"], first["rejected"]) == (13, 0, 2)
    assert (second["imported"], second["already_present"], second["rejected"]) == (0, 13, 2)
    assert first["petitions"] == second["petitions"] == before.petitions + 3
    assert first["handoffs"] == second["handoffs"] == before.handoffs + 4
    assert facts_of_agencies(city) == facts


def test_what_was_killed_midway_is_finished_by_the_next_run(city: EmbeddedCity, folder: Path) -> None:
    file, rows = many_messages(folder), 400
    mapping = renamed(folder, "killed")
    before, facts = overview(city), facts_of_agencies(city)
    running = subprocess.Popen(
        command(file, mapping, *into(city)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    await_petitions(city, before.petitions + 20)
    running.send_signal(signal.SIGKILL)
    running.wait()
    begun = overview(city).petitions - before.petitions
    found = imported(file, mapping, *into(city))
    assert begun < rows
    assert 0 < found["already_present"] < rows
    assert found["imported"] + found["already_present"] == rows
    assert found["petitions"] == before.petitions + rows
    assert found["handoffs"] == before.handoffs + rows // 2
    # Five facts a petition; a hand-off adds itself, its receipt and its confirmation.
    assert facts_of_agencies(city) == facts + 5 * rows + 3 * (rows // 2)


def test_a_changed_row_under_an_old_number_and_too_long_a_text_are_rejected(city: EmbeddedCity, folder: Path) -> None:
    mapping = renamed(folder, "changed")
    first = imported(MESSAGES_CSV, mapping, "--limit", "1", *into(city))
    text = MESSAGES_CSV.read_text(encoding="utf-8").replace("路灯不亮", "路灯太亮", 1)
    (folder / "changed.csv").write_text(text.replace("夜间鸣笛", "长" * 1_500_000, 1), encoding="utf-8")
    second = imported(folder / "changed.csv", mapping, "--limit", "4", *into(city))
    assert (first["rows"], first["imported"]) == (1, 1)
    assert (second["rows"], second["imported"], second["already_present"], second["rejected"]) == (4, 2, 0, 2)
    rejects = (folder / "changed.csv.rejects.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(":")[0] for line in sorted(rejects)[:2]] == [
        "2,RegisterPetition.header.request_id,REQUEST_ID_REUSED",
        "6,RegisterPetition,RESOURCE_EXHAUSTED",
    ]


def test_a_workbook_is_read_like_the_same_file_in_csv(city: EmbeddedCity, folder: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    with MESSAGES_CSV.open(encoding="utf-8", newline="") as rows:
        for row in csv.reader(rows):
            sheet.append(row)
    book.save(folder / "messages.xlsx")
    imported(MESSAGES_CSV, renamed(folder, "workbook"), *into(city))
    mapping = renamed(folder, "workbook", format="xlsx")
    found = imported(folder / "messages.xlsx", mapping, *into(city))
    # A workbook has no rows that are too short: its row 12 has empty cells instead, and no time.
    assert (found["imported"], found["already_present"], found["rejected"]) == (1, 9, 2)


def test_what_a_row_says_about_a_person_stands_nowhere_in_clear(city: EmbeddedCity, folder: Path) -> None:
    imported(MESSAGES_CSV, renamed(folder, "sealed"), *into(city))
    for node, settings in city.settings.items():
        if node != city.node_of("joint-meeting-office"):
            facts = as_owner(settings.log_dsn, "select convert_from(state, 'UTF8') from event")
            assert facts
            assert not any(word in str(fact) for fact in facts for word in ("路灯", "漏水", "扰民"))


# --- refused --------------------------------------------------------------------------------------------------------


def test_it_must_be_said_where_records_go() -> None:
    done = run(MESSAGES_CSV, "messages_with_replies")
    assert done.returncode == 2
    assert "--address HOST:PORT, or --standalone" in done.stderr


@pytest.mark.parametrize(
    ("file", "mapping", "said"),
    [
        (SAMPLES / "none.csv", "messages_with_replies", "there is no file"),
        (MESSAGES_CSV, "handovers_bpic2013", "has no column case:concept:name"),
        (MESSAGES_CSV, "nothing", "there is no mapping nothing"),
    ],
)
def test_trouble_before_the_first_row_starts_nothing(file: Path, mapping: str, said: str) -> None:
    done = run(file, mapping, "--standalone")
    assert done.returncode == 1
    assert said in done.stderr


def test_agencies_that_no_node_serves_are_named_before_the_first_row(city: EmbeddedCity, folder: Path) -> None:
    text = HANDOVERS_CSV.read_text(encoding="utf-8").replace("West", "Far East")
    (folder / "far.csv").write_text(text, encoding="utf-8")
    done = run(folder / "far.csv", "handovers_bpic2013", *into(city))
    assert done.returncode == 1
    assert "far-east" in done.stderr


@pytest.mark.parametrize(
    ("address", "said"),
    [("127.0.0.1:1", "UNAVAILABLE"), ("192.0.2.1:50051", "plain text is refused on '192.0.2.1:50051'")],
)
def test_a_node_that_cannot_be_called_is_said_so(address: str, said: str) -> None:
    done = run(MESSAGES_CSV, "messages_with_replies", "--address", address)
    assert done.returncode == 1
    assert said in done.stderr


def test_a_node_that_is_not_open_for_history_stops_the_import_at_once(folder: Path) -> None:
    served = [
        ServedAgency(agency=agency.id, kind=agency.kind, name_zh=agency.name_zh, name=agency.name)
        for agency in MESSAGES.agencies
    ]
    with EmbeddedCity(folder / "city", [Site("node-1", tuple(served))], durable=False) as closed:
        address = closed.settings["node-1"].listen
        done = run(MESSAGES_CSV, MESSAGES.name, "--address", address, "--certs", str(closed.certificates))
    assert done.returncode == 1
    assert "HISTORY_CLOSED" in done.stderr
    assert "LIANXI_HISTORY_BEFORE" in done.stderr


# --- what the journeys need -----------------------------------------------------------------------------------------


def renamed(folder: Path, name: str, **replaced: str) -> str:
    """A copy of the shipped mapping with a name of its own, whose petitions are therefore its own."""
    shipped = Path(__file__).parents[2] / "services" / "importer" / "mappings" / "messages_with_replies.toml"
    text = shipped.read_text(encoding="utf-8").replace(f'name = "{MESSAGES.name}"', f'name = "{name}"', 1)
    for key, value in replaced.items():
        old: Mapping = MESSAGES
        text = text.replace(f'{key} = "{getattr(old.file, key)}"', f'{key} = "{value}"', 1)
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def many_messages(folder: Path) -> Path:
    path = folder / "many.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(MESSAGES.columns.values())
        for number in range(400):
            reply = "问题已转市教育局办理。" if number % 2 else "已办理。"
            writer.writerow([number, f"U{number}", "事项", "2019/3/1 9:00:00", "内容", reply, "2019/3/9 9:00:00"])
    return path


def await_petitions(city: EmbeddedCity, count: int) -> None:
    deadline = time.monotonic() + 60
    while overview(city).petitions < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)
