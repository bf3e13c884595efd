"""The key store on a real PostgreSQL: the first key wins, a destroyed one stays so, a wrong KEK opens nothing."""

import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import TypeVar
from uuid import UUID, uuid4

import psycopg
import pytest

from services.kit.embedded_postgres import EmbeddedPostgres
from services.kit.key_cache import KeyCache
from services.kit.keystore import KeyDestroyed, KeyStore, WrongKek, create_kek, read_kek
from services.kit.sealing import new_key
from services.kit.secret_files import SecretExists

pytestmark = pytest.mark.postgres

WRITERS = 12
KEK = new_key()
Answer = TypeVar("Answer")


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres")) as cluster:
        yield cluster


@pytest.fixture
def dsn(postgres: EmbeddedPostgres) -> str:
    return postgres.dsn(f"keys_{uuid4().hex}")


@pytest.fixture
def store(dsn: str) -> Iterator[KeyStore]:
    with KeyStore(dsn, KEK) as opened:
        yield opened


def at_once(*calls: Callable[[], Answer]) -> list[Answer]:
    """Run the calls in as many threads, all released at the same moment."""
    gate = Barrier(len(calls))

    def run(call: Callable[[], Answer]) -> Answer:
        gate.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def break_connections(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_a_key_is_there_after_a_restart(dsn: str) -> None:
    petition_id, key = uuid4(), new_key()
    with KeyStore(dsn, KEK) as store:
        assert store.get(petition_id) is None
        assert store.put_if_absent(petition_id, key) == key
        assert store.get(petition_id) == key
    with KeyStore(dsn, KEK) as reopened:
        assert reopened.get(petition_id) == key


def test_a_second_writer_gets_the_first_key(store: KeyStore, dsn: str) -> None:
    petition_id, first, second = uuid4(), new_key(), new_key()
    store.put_if_absent(petition_id, first)
    assert store.put_if_absent(petition_id, second) == first
    with KeyStore(dsn, KEK) as another_process:
        assert another_process.put_if_absent(petition_id, second) == first


def test_twelve_writers_of_one_petition_agree_on_its_key(store: KeyStore, dsn: str) -> None:
    with KeyStore(dsn, KEK) as other:
        for _ in range(20):
            petition_id = uuid4()
            offered = [(store if n % 2 else other, new_key()) for n in range(WRITERS)]
            agreed = at_once(*(partial(at.put_if_absent, petition_id, key) for at, key in offered))
            assert len(set(agreed)) == 1
            assert agreed[0] in {key for _, key in offered}


def test_twelve_writers_of_many_petitions_lose_none(store: KeyStore, dsn: str) -> None:
    shares = [{uuid4(): new_key() for _ in range(40)} for _ in range(WRITERS)]

    def write(share: dict[UUID, bytes]) -> None:
        for petition_id, key in share.items():
            assert store.put_if_absent(petition_id, key) == key

    at_once(*(partial(write, share) for share in shares))
    expected = {petition_id: key for share in shares for petition_id, key in share.items()}
    with KeyStore(dsn, KEK) as reader:
        assert reader.get_many(expected) == expected


def test_processes_that_share_petitions_in_opposite_order_do_not_block_each_other(store: KeyStore, dsn: str) -> None:
    with KeyStore(dsn, KEK) as other:
        for _ in range(20):
            ids = [uuid4() for _ in range(50)]
            there, back = at_once(
                partial(store.put_many, {petition_id: new_key() for petition_id in ids}),
                partial(other.put_many, {petition_id: new_key() for petition_id in reversed(ids)}),
            )
            assert there == back


def test_a_destroyed_key_never_comes_back(store: KeyStore, dsn: str) -> None:
    petition_id = uuid4()
    store.put_if_absent(petition_id, new_key())
    assert store.destroy(petition_id)
    assert not store.destroy(petition_id)
    assert store.get(petition_id) is None
    with pytest.raises(KeyDestroyed) as refused:
        store.put_if_absent(petition_id, new_key())
    assert refused.value.petition_id == petition_id
    other = uuid4()
    assert store.put_many({petition_id: new_key(), other: new_key()}).keys() == {other}
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            "SELECT wrapped, destroyed_time IS NOT NULL FROM petition_key WHERE petition_id = %s", (petition_id,)
        ).fetchone()
    assert row == (None, True)


def test_a_key_that_arrives_after_its_destruction_is_barred(store: KeyStore) -> None:
    petition_id = uuid4()
    assert store.destroy(petition_id)
    with pytest.raises(KeyDestroyed):
        store.put_if_absent(petition_id, new_key())


def test_the_database_holds_no_key_in_clear(store: KeyStore, dsn: str) -> None:
    key = new_key()
    store.put_if_absent(uuid4(), key)
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT wrapped FROM petition_key").fetchall()
    assert rows
    assert all(key not in wrapped for (wrapped,) in rows)


def test_another_wrapping_key_is_refused_when_the_store_opens(store: KeyStore, dsn: str) -> None:
    store.put_if_absent(uuid4(), new_key())
    with pytest.raises(WrongKek, match="another wrapping key"):
        KeyStore(dsn, new_key()).open()


def test_a_wrapped_key_moved_to_another_petition_does_not_open(store: KeyStore, dsn: str) -> None:
    mine, other = uuid4(), uuid4()
    store.put_many({mine: new_key(), other: new_key()})
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "UPDATE petition_key SET wrapped = (SELECT wrapped FROM petition_key WHERE petition_id = %s) "
            "WHERE petition_id = %s",
            (other, mine),
        )
    with KeyStore(dsn, KEK) as reader:
        with pytest.raises(WrongKek, match="does not open"):
            reader.get(mine)
        assert reader.get(other) is not None


def test_a_lost_connection_is_made_again(store: KeyStore, dsn: str) -> None:
    first, second = uuid4(), uuid4()
    store.put_if_absent(first, new_key())
    store.get(second)
    break_connections(dsn)
    assert store.get(second) is None
    store.put_if_absent(second, new_key())
    break_connections(dsn)
    assert store.destroy(first)


def test_writers_that_queue_behind_a_failure_each_learn_of_it(postgres: EmbeddedPostgres) -> None:
    dsn = postgres.dsn(f"keys_{uuid4().hex}")
    with KeyStore(dsn, KEK) as store:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("ALTER TABLE petition_key RENAME TO petition_key_away")

        def write() -> str:
            try:
                store.put_if_absent(uuid4(), new_key())
            except psycopg.errors.UndefinedTable:
                return "told"
            return "stored"

        assert at_once(*[write] * WRITERS) == ["told"] * WRITERS
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("ALTER TABLE petition_key_away RENAME TO petition_key")
        assert at_once(*[write] * WRITERS) == ["stored"] * WRITERS


def test_several_processes_may_open_a_new_store_at_once(dsn: str) -> None:
    stores = at_once(*(lambda: KeyStore(dsn, KEK).open() for _ in range(WRITERS)))
    for opened in stores:
        opened.close()


def test_the_wrapping_key_is_a_closed_file_written_once(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "kek"
    kek = create_kek(path)
    assert read_kek(path) == kek
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(SecretExists):
        create_kek(path)
    path.write_bytes(b"short")
    with pytest.raises(WrongKek, match="5 bytes"):
        read_kek(path)
    with pytest.raises(WrongKek):
        KeyStore("", b"short")


def test_a_key_of_another_length_is_refused(store: KeyStore) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        store.put_if_absent(uuid4(), b"short")


def test_a_read_that_began_before_a_destruction_leaves_nothing_in_the_cache() -> None:
    cache, petition_id = KeyCache(keys_max=2, seconds_max=60.0), uuid4()
    generation = cache.generation
    cache.forget(petition_id)
    cache.put({petition_id: new_key()}, generation)
    assert cache.get(petition_id) is None


def test_the_cache_keeps_the_latest_used_and_only_for_its_time() -> None:
    cache = KeyCache(keys_max=2, seconds_max=60.0)
    first, second, third = uuid4(), uuid4(), uuid4()
    for petition_id in (first, second):
        cache.put({petition_id: petition_id.bytes}, cache.generation)
    assert cache.get(first) == first.bytes
    cache.put({third: third.bytes}, cache.generation)
    assert [cache.get(petition_id) is not None for petition_id in (first, second, third)] == [True, False, True]

    aged = KeyCache(keys_max=2, seconds_max=-1.0)
    aged.put({first: first.bytes}, aged.generation)
    assert aged.get(first) is None
