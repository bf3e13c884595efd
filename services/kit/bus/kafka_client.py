"""kafka-python, set up the only way in which we use it.

It exists to hold, in one place, the settings without which this client loses records or crawls: idempotence asked
for by name (the client otherwise drops it in silence when another setting disagrees), the compiled checksum, no
groups, no automatic topics.  It also holds what the client's version 3.0.12 needs to be kept from.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from services.kit.bus.port import VALUE_BYTES_MAX, BusTls

with warnings.catch_warnings():
    # kafka-python 3.0.12 reads its schemas in a way that Python 3.11 calls deprecated, and our tests fail on warnings.
    warnings.simplefilter("ignore", DeprecationWarning)
    from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
    from kafka.errors import KafkaError, KafkaTimeoutError, TopicAlreadyExistsError
    from kafka.net.compat import KafkaNetClient

__all__ = [
    "REQUEST_BYTES_MAX",
    "KafkaError",
    "KafkaTimeoutError",
    "TopicAlreadyExistsError",
    "TopicPartition",
    "broker_answers",
    "client_settings",
    "open_admin",
    "open_consumer",
    "open_producer",
    "require_compiled_checksum",
]

REQUEST_BYTES_MAX = VALUE_BYTES_MAX + 194_304

CLIENT_SETTINGS: dict[str, Any] = {
    "request_timeout_ms": 10_000,
    "reconnect_backoff_max_ms": 1_000,  # The client's own 30 s would keep a node away long after the broker is back.
    "bootstrap_timeout_ms": 10_000,
}
PRODUCER_SETTINGS: dict[str, Any] = {
    "metrics_enabled": False,
    "enable_idempotence": True,
    "acks": "all",
    "compression_type": "lz4",
    "linger_ms": 2,
    "batch_size": 262_144,  # Idempotence allows one batch in flight for a partition, so batches must be large.
    "max_request_size": REQUEST_BYTES_MAX,
    "delivery_timeout_ms": 120_000,
    "max_block_ms": 15_000,
    "allow_auto_create_topics": False,
}
CONSUMER_SETTINGS: dict[str, Any] = {
    "metrics_enabled": False,
    "group_id": None,
    "enable_auto_commit": False,
    "auto_offset_reset": "earliest",
    "max_poll_records": 5_000,
    "fetch_max_wait_ms": 500,  # The broker answers at once when something arrives.
    "max_partition_fetch_bytes": REQUEST_BYTES_MAX,
    "isolation_level": "read_committed",
    "allow_auto_create_topics": False,
}


def require_compiled_checksum() -> None:
    """Refuse to run on the client's checksum in pure Python, which is fifteen times slower and otherwise silent."""
    try:
        import crc32c
    except ImportError as error:
        raise RuntimeError("the package crc32c is missing: install kafka-python with its extra [crc32c]") from error
    del crc32c


def client_settings(servers: Sequence[str], tls: BusTls | None) -> dict[str, Any]:
    """What every client of the broker is given: whom to call, and how to prove who is calling."""
    settings = CLIENT_SETTINGS | {"bootstrap_servers": list(servers)}
    if tls is None:
        return settings
    return settings | {
        "security_protocol": "SSL",
        "ssl_cafile": tls.authority_file,
        "ssl_certfile": tls.certificate_file,
        "ssl_keyfile": tls.key_file,
    }


def open_admin(settings: Mapping[str, Any]) -> Any:
    """A connected client for topics and the cluster; raises `KafkaError`, as the next two do."""
    return _start(KafkaAdminClient, settings)


def open_consumer(settings: Mapping[str, Any]) -> Any:
    """A connected consumer that has no topic yet."""
    return _start(KafkaConsumer, {**settings, **CONSUMER_SETTINGS})


def open_producer(settings: Mapping[str, Any]) -> Any:
    """A connected producer."""
    return _start(KafkaProducer, {**settings, **PRODUCER_SETTINGS})


def broker_answers(server: str, tls: BusTls | None, timeout_seconds: float) -> bool:
    """Whether the broker has been let into its cluster; after a crash its port is open some seconds earlier."""
    patience_ms = int(timeout_seconds * 1000)
    settings = client_settings([server], tls)
    try:
        admin = open_admin(settings | {"bootstrap_timeout_ms": patience_ms, "request_timeout_ms": patience_ms})
    except KafkaError:
        return False
    try:
        return any(not broker["is_fenced"] for broker in admin.describe_cluster()["brokers"])
    except KafkaError:
        return False
    finally:
        admin.close()


def _start(kind: Callable[..., Any], settings: Mapping[str, Any]) -> Any:
    """Construct one of the client's classes and connect it.

    When no broker answers, kafka-python 3.0.12 raises from the constructor and leaves its thread running, one more
    for every attempt; so we hold on to what it started, and stop it.
    """
    started: list[Any] = []

    def start_network(**given: Any) -> Any:
        started.append(KafkaNetClient(**given))
        return started[-1]

    try:
        return kind(**settings, kafka_client=start_network)
    except KafkaError:
        for network in started:
            network.close()
        raise
