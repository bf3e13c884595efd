"""A bus that fails on purpose: the real one behind it, and for each record a fate that the test decides.

It is a whole implementation of the port, so whatever runs on it runs as in service; only its failures come when told.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import NamedTuple, Self

from services.kit.bus import Acknowledgement, Bus, BusTrouble, Consumer, Producer, Topic


class Fate(Enum):
    """What becomes of a record that is sent."""

    SENT = "stored and acknowledged"
    LOST = "not stored, and the acknowledgement fails"
    UNACKNOWLEDGED = "stored, but the acknowledgement fails"
    REFUSED = "the call of `send` itself fails"


class Sending(NamedTuple):
    """A record on its way, the how-manieth of its topic in this process, from 1."""

    topic: Topic
    key: bytes
    value: bytes
    number: int

    @property
    def is_event(self) -> bool:
        return self.topic.name == "lianxi.events.v1"


def always_sent(_: Sending) -> Fate:
    return Fate.SENT


def nothing(_: Sending) -> None:
    return None


class FaultyBus:
    """`fate` is asked before each record is sent; `acknowledged` is told once the caller has seen it acknowledged."""

    def __init__(
        self,
        bus: Bus,
        fate: Callable[[Sending], Fate] = always_sent,
        acknowledged: Callable[[Sending], None] = nothing,
    ) -> None:
        self._bus = bus
        self._fate = fate
        self._acknowledged = acknowledged
        self._numbers: dict[str, int] = {}

    def ensure_topics(self, topics: Iterable[Topic]) -> None:
        self._bus.ensure_topics(topics)

    def producer(self) -> "FaultyProducer":
        return FaultyProducer(self._bus.producer(), self._decide, self._acknowledged)

    def consumer(self, topic_name: str, start: Mapping[int, int]) -> Consumer:
        return self._bus.consumer(topic_name, start)

    def end_offsets(self, topic_name: str) -> dict[int, int]:
        return self._bus.end_offsets(topic_name)

    def close(self) -> None:
        self._bus.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _decide(self, topic: Topic, key: bytes, value: bytes) -> tuple[Sending, Fate]:
        number = self._numbers[topic.name] = self._numbers.get(topic.name, 0) + 1
        sending = Sending(topic, key, value, number)
        return sending, self._fate(sending)


class FaultyProducer:
    def __init__(
        self,
        producer: Producer,
        decide: Callable[[Topic, bytes, bytes], tuple[Sending, Fate]],
        acknowledged: Callable[[Sending], None],
    ) -> None:
        self._producer = producer
        self._decide = decide
        self._acknowledged = acknowledged

    def send(self, topic: Topic, key: bytes, value: bytes) -> "FaultyAcknowledgement":
        sending, fate = self._decide(topic, key, value)
        if fate is Fate.REFUSED:
            raise BusTrouble("this record is refused, for the test")
        stored = None if fate is Fate.LOST else self._producer.send(topic, key, value)
        return FaultyAcknowledgement(sending, stored, self._acknowledged, fails=fate is not Fate.SENT)

    def flush(self, timeout: float | None = None) -> None:
        self._producer.flush(timeout)

    def close(self) -> None:
        self._producer.close()


class FaultyAcknowledgement:
    def __init__(
        self,
        sending: Sending,
        stored: Acknowledgement | None,
        acknowledged: Callable[[Sending], None],
        *,
        fails: bool,
    ) -> None:
        self._sending, self._stored, self._acknowledged, self._fails = sending, stored, acknowledged, fails

    def result(self, timeout: float | None = None) -> None:
        if self._stored is not None:
            self._stored.result(timeout)
        if self._fails:
            raise BusTrouble("this record is not acknowledged, for the test")
        self._acknowledged(self._sending)

    def done(self) -> bool:
        return self._stored is None or self._stored.done()
