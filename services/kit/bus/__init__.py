"""The bus between nodes: the port, and its two implementations, which are imported only when opened."""

from services.kit.bus.opening import open_bus
from services.kit.bus.port import (
    TOPICS,
    Acknowledgement,
    Bus,
    BusTls,
    BusTrouble,
    Consumer,
    Producer,
    Record,
    Topic,
    checkpoints_topic,
    directory_topic,
    events_topic,
    inbox_topic,
    partition_of,
)

__all__ = [
    "TOPICS",
    "Acknowledgement",
    "Bus",
    "BusTls",
    "BusTrouble",
    "Consumer",
    "Producer",
    "Record",
    "Topic",
    "checkpoints_topic",
    "directory_topic",
    "events_topic",
    "inbox_topic",
    "open_bus",
    "partition_of",
]
