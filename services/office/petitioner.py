"""`lianxi.petitioner.v1.PetitionerService`: a petitioner follows the own matter and rates the work, by codes alone.

A code is looked up by its digest and is never logged, stored or repeated in an answer. Whatever is wrong with a code,
the answer is the same and comes after the same time, so that neither tells what there is. A rating is one fact in the
office's own log, once per role: its stream follows from petition and role.
"""

import hmac
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Literal, NoReturn

import grpc

from domain import rating
from domain.event import Happening, Refusal
from domain.petition import Changes, PetitionFile
from domain.progress import progress_of
from domain.rating import RATED_BEFORE, rating_id_of
from domain.vocabulary import AgencyKind
from lianxi.petitioner.v1 import petitioner_service_pb2 as pb
from services.kit.database import Rows
from services.kit.log import Outcome, Request
from services.kit.node import Node
from services.kit.rpc.errors import Malformed, Refused, Violation
from services.kit.rpc.messages import fields_of, timestamp
from services.kit.rpc.server import Service
from services.kit.spoken_codes import digest_of
from services.office.files import INBOX_COLUMNS, InboxRow
from services.office.portals import Allowance, portal_of
from services.office.progress import progress_message
from services.office.reading import Reader, select, uuid_of

UNKNOWN_SECONDS = 0.25
"""After so long every wrong code is answered: longer than it takes to find out what is wrong with it."""

_CODE_UNKNOWN = Refusal(
    "CODE_UNKNOWN",
    "no matter belongs to this code",
    "没有与该码对应的信访事项",
    remedy="look at every character again; the agency that registered the matter gives the same code again",
)
_REUSED = Refusal(
    "REQUEST_ID_REUSED",
    "this request id came before with another payload",
    "该请求编号已用于其他内容",
    field="request_id",
    remedy="use a new request id for a new rating",
)
_NOT_RECORDED = {Outcome.REQUEST_REUSED: _REUSED, Outcome.CONFLICT: RATED_BEFORE}
_FACTS = f"SELECT {INBOX_COLUMNS} FROM office.inbox WHERE petition_id = %(petition_id)s ORDER BY sequence"


class PetitionerService:
    """The methods of the office node's PetitionerService."""

    def __init__(self, node: Node, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._node = node
        self._reader = Reader(node)
        self._allowance = Allowance(monotonic)

    def service(self) -> Service:
        """Return the methods by name."""
        return Service(
            pb.DESCRIPTOR.services_by_name["PetitionerService"],
            {"GetProgress": self._get_progress, "Rate": self._rate},
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._reader.close()

    def _get_progress(self, request: pb.GetProgressRequest, context: grpc.ServicerContext) -> pb.Progress:
        started = time.monotonic()
        portal = portal_of(self._node, context)
        self._allowance.check(portal)
        now = self._node.clock()
        progress = progress_of(self._facts("code_digest", request.query_code), self._node.law, now)
        if not progress.steps or self._is_accused(portal, progress.accused_agencies):
            self._refuse_unknown(portal, started)
        return progress_message(progress, self._node.directory, now)

    def _rate(self, request: pb.RateRequest, context: grpc.ServicerContext) -> pb.RateResponse:
        started = time.monotonic()
        portal = portal_of(self._node, context)
        said = fields_of(request)
        request_id = uuid_of(request.request_id, "request_id")
        if missing := [Violation(name, "say which") for name in ("rated", "satisfaction") if name not in said]:
            raise Malformed(missing)
        self._allowance.check(portal)
        facts = self._facts("token_digest", request.rating_token)
        accused = progress_of(facts, self._node.law, self._node.clock()).accused_agencies
        if not facts or self._is_accused(portal, accused):
            self._refuse_unknown(portal, started)
        digest = sha256(b"Rate\0" + request.SerializeToString(deterministic=True)).digest()
        return self._recorded(facts, said, Request(portal, request_id, digest))

    def _recorded(self, facts: list[Happening], said: dict[str, Any], request: Request) -> pb.RateResponse:
        if stored := self._node.log.find_request(request.agency, request.request_id):
            if stored.payload_digest != request.payload_digest:
                raise Refused(_REUSED)
            return pb.RateResponse(recorded_time=timestamp(stored.recorded_at), replayed=True)
        file = self._folded(facts)
        frame = {"petition_id": file.petition_id, "agency": self._office(), "occurred_time": self._node.clock()}
        decision = rating.decide(file.ratings, said["rated"], said["satisfaction"], **frame)
        if isinstance(decision, Refusal):
            raise Refused(decision)
        # Expecting an empty stream is what makes it once, also where the first rating has not come into the views yet.
        appended = self._node.log.record(rating_id_of(file.petition_id, said["rated"]), 0, decision, request=request)
        if appended.outcome in _NOT_RECORDED:
            raise Refused(_NOT_RECORDED[appended.outcome])
        assert appended.recorded_at is not None
        return pb.RateResponse(
            recorded_time=timestamp(appended.recorded_at), replayed=appended.outcome is Outcome.REPLAYED
        )

    def _facts(self, column: Literal["code_digest", "token_digest"], written: str) -> list[Happening]:
        """Return every fact on the petition that a code belongs to; none for a wrong code."""
        digest = digest_of(written)

        def asked(snapshot: Rows) -> list[Happening]:
            query = f"SELECT petition_id, {column} FROM views.query_codes WHERE {column} = %(digest)s"
            found = select(snapshot, query, {"digest": digest})
            # Two petitions never have one code: where they seem to, somebody has copied a digest.
            if len(found) != 1 or not hmac.compare_digest(found[0][1], digest):
                return []
            rows = select(snapshot, _FACTS, {"petition_id": found[0][0]})
            return [InboxRow._make(row).happening() for row in rows]

        return self._reader.read(asked)[1]

    def _folded(self, facts: list[Happening]) -> PetitionFile:
        file = PetitionFile(facts[0].event.petition_id)
        for happening in facts:
            file.apply(happening, self._node.law, Changes())
        return file

    def _is_accused(self, portal: str, accused: frozenset[str]) -> bool:
        """Tell whether the portal is the accused unit's own, or of one under it: to it there is no such matter."""
        register = self._node.directory.register()
        return portal in accused or bool(accused and register.reaches(tuple(accused), portal))

    def _refuse_unknown(self, portal: str, started: float) -> NoReturn:
        self._allowance.charge_wrong_code(portal)
        time.sleep(max(0.0, started + UNKNOWN_SECONDS - time.monotonic()))
        raise Refused(_CODE_UNKNOWN)

    def _office(self) -> str:
        served = self._node.settings.agencies
        return next(one.agency for one in served if one.kind is AgencyKind.JOINT_MEETING_OFFICE)
