"""Which bus a URL names: the one place that knows both implementations of the port."""

from services.kit.bus.port import Bus, BusTls


def open_bus(url: str, *, tls: BusTls | None = None) -> Bus:
    """Open the bus that `url` names.

    `kafka://host:port[,host:port]` is Apache Kafka; `postgres://` or `postgresql://` is the embedded bus in that
    database.  Raises `ValueError` for anything else.  The drivers are imported only for the bus that is asked for.
    """
    scheme = url.partition("://")[0]
    if scheme == "kafka":
        from services.kit.bus.kafka import KafkaBus

        return KafkaBus(url.removeprefix("kafka://").rstrip("/").split(","), tls=tls)
    if scheme in ("postgres", "postgresql"):
        from services.kit.bus.embedded import EmbeddedBus

        return EmbeddedBus(url)
    raise ValueError(f"a bus URL starts with kafka://, postgres:// or postgresql://, not {scheme!r}")
