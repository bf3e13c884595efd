"""The one road of every command: load the case, decide, append with the request id, and answer with a receipt.

A decision to record may rest on a state from memory, since the log refuses versions that do not follow. A decision to
refuse is taken on what the log says, and only after looking whether the same request was answered before: a repeated
call gets its first answer, whatever has happened since. Texts are sealed before anything is decided about them.
"""

from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from domain import case
from domain.case import CASE_UNKNOWN, FILE_NOT_THERE, Case, Moment, agency_unknown
from domain.event import Command, Event, Refusal, Sealed
from lianxi.agency.v1.case_service_pb2 import CommandReceipt
from services.agency.commands import Order, proto_refusal
from services.kit.keystore import KeyDestroyed
from services.kit.log import Appended, Fold, Outcome, Request
from services.kit.node import Node
from services.kit.rpc.errors import KEY_ERASED, Refused
from services.kit.rpc.messages import timestamp
from services.kit.sealing import new_key, payload_digest, unseal
from services.kit.spoken_codes import CodePurpose, spoken_code

ATTEMPTS_MAX = 6
NAMING_AGENCIES = frozenset({"to_agency", "of_agency", "lead", "assisting", "disputing", "accused_agencies", "unit"})
"""The fields of commands that name agencies which the directory has to list."""
CASE: Fold[Case | None] = Fold(None, case.evolve)

_REUSED = Refusal(
    "REQUEST_ID_REUSED",
    "this request id came before with another payload",
    "该请求编号已用于其他内容",
    field="header.request_id",
    remedy="use a new request id for a new act",
)
_CONTENDED = Refusal(
    "CONTENDED",
    "other commands on this case always came first",
    "该办理件正被其他操作更新",
    remedy="repeat the call with the same request id",
)


class Materials(NamedTuple):
    """The sealed materials of a case, opened; `erased` when their key is gone."""

    texts: dict[str, str]
    erased: bool


def handle(node: Node, order: Order) -> CommandReceipt:
    """Do what the order says, once whatever is repeated; raise `Refused` where it cannot be done."""
    digest = payload_digest(_request_secret(node.node_keys.signing), order.payload)
    is_fresh = False
    for _ in range(ATTEMPTS_MAX):
        try:
            found, version = _load(node, order, is_fresh=is_fresh)
            events = _decided(node, order, found, version)
        except Refused:
            if answer := _answered_before(node, order, digest):
                return answer
            if is_fresh:
                raise
            is_fresh = True
            continue
        answer = _receipt(order, version, events)
        request = Request(order.agency.agency, order.header.request_id, digest, answer.SerializeToString())
        appended = node.log.record(_case_id(order), version, events, request=request, fold=CASE)
        if appended.outcome is not Outcome.CONFLICT:
            return _placed(node, answer, appended)
        is_fresh = True
    raise Refused(_CONTENDED)


def open_materials(node: Node, order: Order) -> Materials:
    """Open the sealed materials of the order's case; only after `handle` has put on record that they are opened."""
    found, _ = node.log.load(_case_id(order), CASE)
    assert found is not None
    key = node.keys.get(found.petition_id)
    sealed: dict[str, Sealed] = {name: text for name, text in found.materials if text is not None}
    if key is None:
        return Materials({}, erased=not found.awaits_file)
    return Materials(
        {
            name: unseal(key, found.petition_id, str(seal.origin), seal.field, seal.text)
            for name, seal in sealed.items()
        },
        erased=False,
    )


def codes_of(node: Node, order: Order) -> dict[CodePurpose, str]:
    """Return the codes of the order's petition; only after `handle` has put on record that they are given."""
    found, _ = node.log.load(_case_id(order), CASE)
    assert found is not None
    key = node.keys.get(found.petition_id)
    if key is None:
        raise Refused(KEY_ERASED)
    return {purpose: spoken_code(key, found.petition_id, purpose) for purpose in CodePurpose}


# --- load and decide ------------------------------------------------------------------------------------------------


def _load(node: Node, order: Order, *, is_fresh: bool) -> tuple[Case | None, int]:
    if order.petition_id is not None and not is_fresh:
        # A new petition has no case yet, and should it have one, the log says so when the first fact is appended.
        return None, 0
    return node.log.load(_case_id(order), CASE, fresh=is_fresh)


def _case_id(order: Order) -> UUID:
    if order.case_id is None:
        raise Refused(proto_refusal(CASE_UNKNOWN))
    return order.case_id


def _decided(node: Node, order: Order, found: Case | None, version: int) -> tuple[Event, ...]:
    """Return the facts to record, or raise `Refused`."""
    if order.petition_id is None and (found is None or found.agency != order.agency.agency):
        # To others, somebody else's case is as unknown as one that does not exist.
        raise Refused(proto_refusal(CASE_UNKNOWN))
    _refuse_stale(order, version)
    if not order.needs_key and found is not None:
        return _decide(node, order, found, found.petition_id, None)
    if found is not None:
        key = node.keys.get(found.petition_id)
        if key is None:
            raise Refused(FILE_NOT_THERE if found.awaits_file else KEY_ERASED)
        return _decide(node, order, found, found.petition_id, key)
    assert order.petition_id is not None
    if order.kind is not case.RegisterPetition:
        # Only who registers a petition makes its key: to others it comes with the file.
        return _decide(node, order, None, order.petition_id, None)
    return _decided_with_new_key(node, order, order.petition_id)


def _decided_with_new_key(node: Node, order: Order, petition_id: UUID) -> tuple[Event, ...]:
    """Decide first, so that a refused registration leaves no key, and then keep the key before anything sealed with it.

    Every petition gets a key, also one without texts: it travels with a hand-off, and later texts need it.
    """
    key = new_key()
    events = _decide(node, order, None, petition_id, key)
    try:
        kept = node.keys.put_if_absent(petition_id, key)
    except KeyDestroyed:
        raise Refused(KEY_ERASED) from None
    return events if kept == key else _decide(node, order, None, petition_id, kept)


def _decide(node: Node, order: Order, found: Case | None, petition_id: UUID, key: bytes | None) -> tuple[Event, ...]:
    command = order.command(petition_id, key)
    _refuse_unknown_agencies(node, command)
    moment = Moment(
        node.clock(),
        node.law,
        node.settings.history_before,
        node.directory.register(),
        _related(node, order, command.other_petition_id),
    )
    decision = case.decide(found, command, moment)
    if isinstance(decision, Refusal):
        raise Refused(proto_refusal(decision))
    return decision


def _refuse_stale(order: Order, version: int) -> None:
    expected = order.header.expected_version
    if expected is not None and expected != version:
        stale = Refusal(
            "STALE_VERSION",
            f"the case is at version {version}, not {expected}",
            f"办理件版本为 {version},不是 {expected}",
            field="header.expected_version",
            remedy="read the case and decide again",
        )
        raise Refused(stale, actual_version=str(version))


def _related(node: Node, order: Order, petition_id: UUID | None) -> Case | None:
    """This agency's own case on another petition that the command names; what others hold of it stays theirs."""
    if petition_id is None:
        return None
    return node.log.load(case.case_id_of(petition_id, order.agency.agency), CASE, fresh=True)[0]


def _refuse_unknown_agencies(node: Node, command: Command) -> None:
    for field in NAMING_AGENCIES & type(command).model_fields.keys():
        named: str | tuple[str, ...] | None = getattr(command, field)
        for agency in (named,) if isinstance(named, str) else named or ():
            if node.directory.find(agency) is None:
                raise Refused(agency_unknown(agency, field))


# --- answer ---------------------------------------------------------------------------------------------------------


def _receipt(order: Order, version: int, events: tuple[Event, ...]) -> CommandReceipt:
    """Return what is known before the log gives the facts their place; this part is kept with them."""
    return CommandReceipt(
        petition_id=str(events[0].petition_id),
        case_id=str(order.case_id),
        version=version + len(events),
        facts=[event.type_name for event in events],
    )


def _placed(node: Node, answer: CommandReceipt, appended: Appended) -> CommandReceipt:
    if appended.outcome is Outcome.REQUEST_REUSED:
        raise Refused(_REUSED)
    assert appended.last_position is not None
    assert appended.recorded_at is not None
    if appended.outcome is Outcome.REPLAYED:
        assert appended.answer is not None
        answer = CommandReceipt.FromString(appended.answer)
        answer.replayed = True
    answer.node, answer.position = node.settings.node, appended.last_position
    answer.recorded_time.CopyFrom(timestamp(appended.recorded_at))
    return answer


def _answered_before(node: Node, order: Order, digest: bytes) -> CommandReceipt | None:
    stored = node.log.find_request(order.agency.agency, order.header.request_id)
    if stored is None:
        return None
    outcome = Outcome.REPLAYED if stored.payload_digest == digest else Outcome.REQUEST_REUSED
    place = Appended(outcome, None, stored.position, stored.recorded_at, stored.answer, None)
    return _placed(node, CommandReceipt(), place)


@lru_cache(maxsize=16)
def _request_secret(signing_key: Any) -> bytes:
    """Return a secret of this node for request digests, derived from a key that lives as long as its log."""
    return payload_digest(signing_key.private_bytes_raw(), b"lianxi/request-digest/v1")
