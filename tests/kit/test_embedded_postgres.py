"""The embedded PostgreSQL as a process: who starts it, who stops it, and what a killed starter leaves behind."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from services.kit.embedded_postgres import ClusterUnusable, EmbeddedPostgres

pytestmark = pytest.mark.postgres

ROOT = Path(__file__).parents[2]
SMALL = {"shared_buffers": "16MB"}
STARTER = """
import sys, time
from pathlib import Path
from services.kit.embedded_postgres import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1]), {"shared_buffers": "16MB"}) as cluster:
    print(cluster.dsn("node_a"), flush=True)
    sys.stdin.read()
"""


def one(dsn: str, query: str) -> object:
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def keep_seven(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")


def answers(dsn: str) -> bool:
    try:
        return one(dsn, "SELECT 1") == 1
    except psycopg.OperationalError:
        return False


def start_elsewhere(directory: Path) -> tuple[subprocess.Popen[str], str]:
    """Start the cluster in another process, which runs until its input ends; return it and a dsn."""
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(directory)], cwd=ROOT, stdin=-1, stdout=-1, text=True
    )
    assert starter.stdout is not None
    return starter, starter.stdout.readline().strip()


def test_it_keeps_its_data_and_stops_with_its_starter(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "c", SMALL) as cluster:
        dsn = cluster.dsn("node_housing-1")
        assert cluster.is_owner
        keep_seven(dsn)
    assert not answers(dsn)
    with EmbeddedPostgres(tmp_path / "c", SMALL) as again:
        assert one(again.dsn("node_housing-1"), "SELECT n FROM kept") == 7


def test_two_clusters_live_in_one_process(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "one", SMALL) as one_cluster:
        with EmbeddedPostgres(tmp_path / "two", SMALL) as other:
            keep_seven(one_cluster.dsn("bus"))
            other_dsn = other.dsn("bus")
            assert one(other_dsn, "SELECT to_regclass('kept') IS NULL") is True
        assert not answers(other_dsn)
        assert answers(one_cluster.dsn("bus"))


def test_it_gives_up_no_durability_and_orders_text_the_same_everywhere(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "c", SMALL) as cluster:
        dsn = cluster.dsn("node_a")
        for setting, value in (
            ("fsync", "on"),
            ("synchronous_commit", "on"),
            ("full_page_writes", "on"),
            ("max_connections", "300"),
            ("shared_buffers", "16MB"),
            ("listen_addresses", ""),
            ("unix_socket_permissions", "0700"),
            ("TimeZone", "UTC"),
        ):
            assert one(dsn, f"SELECT current_setting('{setting}')") == value
        assert one(dsn, "SELECT string_agg(t, '' ORDER BY t) FROM unnest(ARRAY['b', '中', 'B', 'a']) AS t") == "Bab中"


def test_a_database_is_created_once_by_whoever_asks_first(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "c", SMALL) as cluster, ThreadPoolExecutor(6) as threads:
        assert len(set(threads.map(cluster.dsn, ["node_a"] * 6))) == 1
        assert one(cluster.dsn("postgres"), "SELECT count(*) FROM pg_database WHERE datname = 'node_a'") == 1


def test_a_second_process_shares_it_and_does_not_stop_it(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path, SMALL) as cluster:
        dsn = cluster.dsn("node_a")
        second, second_dsn = start_elsewhere(tmp_path)
        assert second_dsn == dsn
        second.communicate(timeout=30)
        assert answers(dsn)


def test_who_finds_it_running_in_a_living_process_leaves_it_running(tmp_path: Path) -> None:
    starter, dsn = start_elsewhere(tmp_path)
    with EmbeddedPostgres(tmp_path, SMALL) as cluster:
        assert not cluster.is_owner
    assert answers(dsn)
    starter.communicate(timeout=30)
    assert not answers(dsn)


def test_a_cluster_whose_starter_was_killed_is_adopted(tmp_path: Path) -> None:
    starter, dsn = start_elsewhere(tmp_path)
    starter.kill()
    starter.communicate()
    assert answers(dsn)
    with EmbeddedPostgres(tmp_path, SMALL) as cluster:
        assert cluster.is_owner
        assert answers(cluster.dsn("node_a"))
    assert not answers(dsn)


def test_what_was_committed_survives_a_killed_server(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path, SMALL) as cluster:
        dsn = cluster.dsn("node_a")
        keep_seven(dsn)
        os.kill(int((tmp_path / "pg" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        while answers(dsn):
            time.sleep(0.05)
    with EmbeddedPostgres(tmp_path, SMALL) as again:
        assert again.is_owner
        assert one(again.dsn("node_a"), "SELECT n FROM kept") == 7


def test_the_trace_of_an_ended_server_whose_process_id_is_taken_is_cleared(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path, SMALL) as cluster:
        cluster.dsn("node_a")
        trace = (tmp_path / "pg" / "postmaster.pid").read_text().splitlines()
    stale = "\n".join([str(os.getpid()), *trace[1:]]) + "\n"
    (tmp_path / "pg" / "postmaster.pid").write_text(stale)
    with EmbeddedPostgres(tmp_path, SMALL) as again:
        assert answers(again.dsn("node_a"))


def test_a_path_too_long_for_a_socket_still_works(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / ("long" * 30) / "with space 联席", SMALL) as cluster:
        assert answers(cluster.dsn("node_a"))


def test_a_cluster_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "pg").mkdir()
    (tmp_path / "pg" / "PG_VERSION").write_text("18\n")
    with pytest.raises(ClusterUnusable, match="not ours"), EmbeddedPostgres(tmp_path, SMALL):
        pass


def test_a_setting_that_postgresql_refuses_is_reported_in_its_words(tmp_path: Path) -> None:
    with pytest.raises(ClusterUnusable, match="shared_buffers"), EmbeddedPostgres(tmp_path, {"shared_buffers": "much"}):
        pass
    with EmbeddedPostgres(tmp_path, SMALL) as cluster:
        assert answers(cluster.dsn("node_a"))


def test_outside_its_block_it_gives_no_address(tmp_path: Path) -> None:
    with pytest.raises(ClusterUnusable, match="outside"):
        EmbeddedPostgres(tmp_path).dsn("node_a")
