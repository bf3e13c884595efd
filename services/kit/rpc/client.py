"""Calls to a node, and what a no looks like to the caller.

A node answers, refuses (`Denied`: repeating the call changes nothing), or cannot be reached just now (`NotReached`: the
same call with the same request id may be repeated). Nothing here retries: how long to wait is the caller's to decide.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import grpc
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from grpc_status import rpc_status

from services.kit.authority import CertificateRefused, read_certificate
from services.kit.identity import CLAIM_KEY, ClientTls, channel

Answer = TypeVar("Answer", bound=Message)

_NOT_REACHED = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.CANCELLED,
    }
)
_TOO_LARGE = "larger than max"


class NotReached(Exception):
    """No answer came, or one that asks to try again; the call may or may not have been done."""


class Denied(Exception):
    """The node says no: the status, its stable reason, the field and the article where there are such, and a remedy."""

    def __init__(self, status: grpc.StatusCode, message: str, info: ErrorInfo, fields: Sequence[str]) -> None:
        super().__init__(message)
        self.status = status
        self.reason = info.reason or status.name
        self.message = message
        self.fields = tuple(fields)
        self.article = info.metadata.get("article", "")
        self.remedy = info.metadata.get("remedy", "")


def call(method: Callable[..., Answer], request: Message, caller: "Caller", *, timeout_seconds: float) -> Answer:
    """Make one call of a generated stub; raise `Denied` or `NotReached`."""
    try:
        return method(request, timeout=timeout_seconds, metadata=caller.metadata)
    except grpc.RpcError as error:
        raise _failure(error) from None


def _failure(error: Any) -> Exception:
    code: grpc.StatusCode = error.code()
    message: str = error.details() or code.name
    # A crowded server and a message that is too long have the same status, and only one of them passes with time.
    is_crowded = code is grpc.StatusCode.RESOURCE_EXHAUSTED and _TOO_LARGE not in message
    if code in _NOT_REACHED or is_crowded:
        return NotReached(f"{code.name}: {message}")
    info, fields = ErrorInfo(), []
    status = rpc_status.from_call(error)
    for detail in status.details if status is not None else ():
        bad = BadRequest()
        if detail.Unpack(bad):
            fields = [violation.field for violation in bad.field_violations]
        else:
            detail.Unpack(info)
    return Denied(code, message, info, fields)


@dataclass(frozen=True)
class Caller:
    """Who calls: with a certificate the certificate says it, in plain text the metadata does."""

    tls: ClientTls | None
    agency: str

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """The metadata of this caller's calls."""
        return () if self.tls is not None else ((CLAIM_KEY, self.agency),)

    def connect(self, address: str) -> grpc.Channel:
        """Open a channel to `host:port`; plain text is for loopback only, and refused elsewhere with `ValueError`."""
        return channel(address, self.tls, plaintext=self.tls is None)


@dataclass(frozen=True)
class Credentials:
    """The certificates of a folder by the agencies that they name; without a folder, plain text."""

    certificates: dict[str, ClientTls] | None

    @classmethod
    def of(cls, directory: Path | None) -> Self:
        """Look through a folder of certificates; raise `CertificateRefused` where it is none or names no agency."""
        if directory is None:
            return cls(None)
        if not (directory / "ca.pem").is_file():
            raise CertificateRefused(f"{directory} holds no ca.pem: it is no folder of certificates")
        found: dict[str, ClientTls] = {}
        for path in sorted(directory.glob("*.pem")):
            tls = ClientTls.issued(directory, path.stem)
            if path.stem != "ca" and not path.stem.endswith("-key") and tls.key.is_file():
                found |= dict.fromkeys(read_certificate(path).agencies, tls)
        if not found:
            raise CertificateRefused(f"no certificate in {directory} names an agency: `lianxi certs issue` makes one")
        return cls(found)

    def of_agency(self, agency: str) -> Caller:
        """Return the caller that may speak for this agency; raise `CertificateRefused` where no certificate does."""
        if self.certificates is None:
            return Caller(None, agency)
        tls = self.certificates.get(agency)
        if tls is None:
            raise CertificateRefused(f"no certificate names {agency}: issue one that does (`lianxi certs issue`)")
        return Caller(tls, agency)
