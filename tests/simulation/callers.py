"""The agencies' own case systems: they call, repeat what was not answered, and remember every answer.

The ledger of what was acknowledged is the measure for I7: an acknowledged command is in the log exactly once, and
whoever asks again gets the first answer.
"""

from dataclasses import dataclass
from uuid import UUID

from google.protobuf.message import Message

from lianxi.agency.v1.case_service_pb2 import CommandReceipt, NotifyReceiptRequest
from lianxi.type.v1.vocabulary_pb2 import ServiceMethod
from services.kit.rpc.errors import Refused
from tests.simulation.mirror import Mirror, ensure
from tests.simulation.nodes import Front


@dataclass
class Intent:
    """One act that an agency intends: a request under its id, for as long as it takes."""

    agency: str
    node: str
    rpc: str
    request: Message
    receipt: CommandReceipt | None = None
    refusal: str | None = None

    @property
    def request_id(self) -> UUID:
        return UUID(self.request.header.request_id)  # type: ignore[attr-defined]

    @property
    def is_pending(self) -> bool:
        """Whether nobody has answered yet: the node died, and perhaps did it."""
        return self.receipt is None and self.refusal is None


class Callers:
    """Everybody who calls, and what they were told."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self.intents: list[Intent] = []

    @property
    def pending(self) -> list[Intent]:
        return [intent for intent in self.intents if intent.is_pending]

    @property
    def acknowledged(self) -> list[Intent]:
        return [intent for intent in self.intents if intent.receipt is not None]

    def send(self, front: Front, intent: Intent, places: int) -> str:
        """Send a request, for the first time or again; say what came of it."""
        if intent not in self.intents:
            self.intents.append(intent)
        return front.guarded(lambda: self._call(front, intent), places)

    def _call(self, front: Front, intent: Intent) -> str:
        try:
            receipt = front.call(intent.rpc, intent.request, intent.agency)
        except Refused as refused:
            ensure(intent.receipt is None, f"I7: {intent.request_id} was acknowledged, and then refused: {refused}")
            intent.refusal = refused.refusal.code
            return intent.refusal
        if intent.receipt is None:
            self.check_in_log(intent, receipt)
            intent.receipt, intent.refusal = receipt, None
        else:
            first = CommandReceipt.FromString(intent.receipt.SerializeToString())
            first.replayed = receipt.replayed
            ensure(receipt.replayed, f"I7: {intent.request_id} was done a second time")
            ensure(receipt == first, f"I7: {intent.request_id} got another answer than at first")
        return f"{intent.receipt.node}:{intent.receipt.position}"

    def check_in_log(self, intent: Intent, receipt: CommandReceipt) -> None:
        """An acknowledgement names facts that stand in the log at that moment."""
        self._mirror.read_new(receipt.node)
        first = receipt.position - len(receipt.facts) + 1
        for position, type_name in enumerate(receipt.facts, first):
            fact = self._mirror.fact(receipt.node, position)
            ensure(fact.event.type_name == type_name, f"I7: {fact.name} is not the {type_name} of {intent.request_id}")
            ensure(fact.row.causation_id is None, f"I7: {fact.name} was not caused by {intent.request_id}")

    def reuse(self, front: Front, intent: Intent) -> str:
        """Send another payload under the id of an acknowledged request; it must be refused."""
        assert intent.receipt is not None
        header = intent.request.header  # type: ignore[attr-defined]
        other = NotifyReceiptRequest(header=header, method=ServiceMethod.SERVICE_METHOD_PUBLIC_NOTICE)
        if other == intent.request:
            return "the same"
        other.header.case_id = intent.receipt.case_id

        def call() -> str:
            try:
                front.call("NotifyReceipt", other, intent.agency)
            except Refused as refused:
                code = refused.refusal.code
                ensure(code == "REQUEST_ID_REUSED", f"I7: a reused request id got {code}")
                return code
            ensure(False, f"I7: another payload under {intent.request_id} was taken")
            return ""

        return front.guarded(call, 0)
