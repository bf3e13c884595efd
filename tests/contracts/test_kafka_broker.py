"""The Kafka broker that runs without Docker: its life, its ports, its certificates."""

import os
import socket
import threading
from contextlib import closing
from pathlib import Path

import pytest

from services.kit.authority import create_authority, issue
from services.kit.bus import BusTls, BusTrouble, Topic, kafka_client, open_bus
from services.kit.bus.broker import BrokerUnusable, KafkaBroker

pytestmark = pytest.mark.kafka

TOPIC = Topic("contract.broker.v1", 1)


def certificate(directory: Path, name: str, *, node: bool) -> BusTls:
    issue(directory, name, agencies=["housing-bureau"], node=node)
    return BusTls(*(str(directory / file) for file in ("ca.pem", f"{name}.pem", f"{name}-key.pem")))


def test_a_broker_with_certificates_turns_strangers_away(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(kafka_client.CLIENT_SETTINGS, "bootstrap_timeout_ms", 2_000)
    ours, theirs = tmp_path / "签发", tmp_path_factory.mktemp("strangers")
    create_authority(ours)
    create_authority(theirs)
    with KafkaBroker(tmp_path / "broker", tls=certificate(ours, "broker", node=True)) as broker:
        with open_bus(broker.url, tls=certificate(ours, "housing", node=False)) as bus:
            bus.ensure_topics([TOPIC])
            with closing(bus.producer()) as producer:
                producer.send(TOPIC, b"key", b"value").result(20)
            with closing(bus.consumer(TOPIC.name, {})) as consumer:
                assert [r.value for r in consumer.poll(10, 10)] == [b"value"]
        stranger = certificate(theirs, "stranger", node=False)._replace(authority_file=str(ours / "ca.pem"))
        for tls in (None, stranger):
            with open_bus(broker.url, tls=tls) as bus, pytest.raises(BusTrouble):
                bus.ensure_topics([TOPIC])
    assert (tmp_path / "broker" / "identity.pem").stat().st_mode & 0o077 == 0


def test_a_broker_is_found_again_by_its_directory(kafka_broker: KafkaBroker) -> None:
    seen = KafkaBroker(kafka_broker.directory, port=1)
    assert (seen.pid, seen.port) == (kafka_broker.pid, kafka_broker.port)
    seen.start()
    assert seen.pid == kafka_broker.pid


def test_a_port_that_is_taken_is_refused_by_name(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(BrokerUnusable, match=f"port {port} is taken"):
            KafkaBroker(tmp_path, port=port).start()


def test_a_stale_process_id_is_not_taken_for_the_broker(tmp_path: Path) -> None:
    (tmp_path / "broker.pid").write_text(str(os.getpid()))
    broker = KafkaBroker(tmp_path)
    assert broker.pid is None
    broker.stop()
    assert not (tmp_path / "broker.pid").exists()


def test_a_broker_that_is_away_is_trouble_and_leaves_no_thread_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(kafka_client.CLIENT_SETTINGS, "bootstrap_timeout_ms", 300)
    threads_before = threading.active_count()
    with open_bus(KafkaBroker(tmp_path).url) as bus:
        for attempt in (bus.producer, lambda: bus.consumer("any", {}).poll(0, 1), lambda: bus.end_offsets("any")):
            with pytest.raises(BusTrouble):
                attempt()
    assert threading.active_count() == threads_before
