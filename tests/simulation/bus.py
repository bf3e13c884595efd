"""A bus in memory that behaves as badly as its port allows, as a seed decides.

It may lose a record, or lose only the acknowledgement of one that it wrote; deliver late, a little at a time, or again
from an older offset; and be away for a while. It promises no more than this: what it acknowledged it keeps, the records
of one partition keep their order, and a producer that failed writes nothing more.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Self

from services.kit.bus import Acknowledgement, BusTrouble, Consumer, Producer, Record, Topic
from services.kit.bus.port import partition_of
from tests.simulation.faults import Faults


@dataclass
class Weather:
    """How bad the bus is just now: probabilities per record or per poll."""

    lost_send: float = 0.0
    lost_acknowledgement: float = 0.0
    nothing_yet: float = 0.0
    redelivery: float = 0.0
    is_away: bool = False


FAIR = Weather()
FOUL = Weather(lost_send=0.04, lost_acknowledgement=0.04, nothing_yet=0.25, redelivery=0.12)


class SimulatedBus:
    """The bus of one city. Deterministic: one thread, and every chance comes from the given source."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.weather = FAIR
        self.topics: dict[str, Topic] = {}
        self.logs: dict[tuple[str, int], list[Record]] = {}

    def ensure_topics(self, topics: Iterable[Topic]) -> None:
        for topic in topics:
            self.topics[topic.name] = topic
            for partition in range(topic.partitions):
                self.logs.setdefault((topic.name, partition), [])

    def producer(self) -> Producer:
        return self.producer_of(Faults())

    def producer_of(self, faults: Faults) -> "SimulatedProducer":
        """A producer of a process that may die while it sends."""
        self.answer()
        return SimulatedProducer(self, faults)

    def consumer(self, topic_name: str, start: Mapping[int, int]) -> Consumer:
        return SimulatedConsumer(self, topic_name, start)

    def end_offsets(self, topic_name: str) -> dict[int, int]:
        self.answer()
        return {partition: len(self.logs[topic_name, partition]) for partition in self.partitions(topic_name)}

    def partitions(self, topic_name: str) -> range:
        """The partitions of a topic that exists."""
        if topic_name not in self.topics:
            raise BusTrouble(f"topic {topic_name} does not exist")
        return range(self.topics[topic_name].partitions)

    def answer(self) -> None:
        """Raise `BusTrouble` while the bus is away."""
        if self.weather.is_away:
            raise BusTrouble("the bus is away")

    def write(self, topic: Topic, key: bytes, value: bytes) -> None:
        """Append a record to the partition of its key."""
        partition = partition_of(key, topic.partitions)
        records = self.logs[topic.name, partition]
        records.append(Record(topic.name, partition, len(records), key, value))

    def has_heard_of(self, node: str) -> bool:
        """Whether any record of a node was ever written."""
        return any(b'"node":"%s"' % node.encode() in (one.value or b"") for log in self.logs.values() for one in log)

    def close(self) -> None:
        """Nothing is held open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class Settled:
    """An acknowledgement whose fate was decided when the record was sent."""

    def __init__(self, trouble: str | None) -> None:
        self._trouble = trouble

    def result(self, timeout: float | None = None) -> None:
        if self._trouble is not None:
            raise BusTrouble(self._trouble)

    def done(self) -> bool:
        return True


class SimulatedProducer:
    """Sends records, each with a fate of its own."""

    def __init__(self, bus: SimulatedBus, faults: Faults) -> None:
        self._bus, self._faults = bus, faults
        self._has_failed = False

    def send(self, topic: Topic, key: bytes, value: bytes) -> Acknowledgement:
        self._faults.reach("before a send")
        if self._has_failed:
            # A client with a thread of its own learns of it in the midst of a batch, so both answers occur.
            if self._bus.chance.random() < 0.5:
                raise BusTrouble("the producer has failed")
            return Settled("the producer has failed")
        fate, weather = self._bus.chance.random(), self._bus.weather
        if weather.is_away or fate < weather.lost_send:
            self._has_failed = True
            return Settled("the record was lost")
        self._bus.write(topic, key, value)
        self._faults.reach("after a send")
        if fate < weather.lost_send + weather.lost_acknowledgement:
            self._has_failed = True
            return Settled("the acknowledgement was lost")
        return Settled(None)

    def flush(self, timeout: float | None = None) -> None:
        """Every fate is decided already."""

    def close(self) -> None:
        """Nothing is held open."""


class SimulatedConsumer:
    """Reads one topic, in order within a partition; late, in bits, and now and then from an older offset again."""

    def __init__(self, bus: SimulatedBus, topic_name: str, start: Mapping[int, int]) -> None:
        self._bus, self._topic = bus, topic_name
        self._next = dict(start)

    def poll(self, timeout_seconds: float, max_records: int) -> list[Record]:
        self._bus.answer()
        chance, weather = self._bus.chance, self._bus.weather
        if chance.random() < weather.nothing_yet:
            return []
        partitions = list(self._bus.partitions(self._topic))
        if weather is not FAIR:
            chance.shuffle(partitions)
        found: list[Record] = []
        for partition in partitions:
            if weather.redelivery and chance.random() < weather.redelivery:
                self._next[partition] = max(0, self._next.get(partition, 0) - chance.randint(1, 6))
            first = self._next.get(partition, 0)
            there = self._bus.logs[self._topic, partition][first : first + max_records - len(found)]
            if weather.nothing_yet and there:
                there = there[: chance.randint(0, len(there))]
            self._next[partition] = first + len(there)
            found += there
        return found

    def seek(self, partition: int, offset: int) -> None:
        self._next[partition] = offset

    def close(self) -> None:
        """Nothing is held open."""
