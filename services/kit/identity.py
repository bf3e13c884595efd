"""Who is calling: mutual TLS on every connection, and the agency that the certificate names.

Each side shows a certificate of the same authority. The server reads from the caller's certificate for which agencies
it may speak: a caller acts only as an agency that its certificate names. Plain text exists for trying things out on one
machine: it is refused on any address but loopback, and even there unless it was asked for by name. An agency id in call
metadata is believed only in that mode, never on a TLS connection.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self, cast

import grpc

from services.kit.authority import AGENCY_URI, CertificateRefused, create_authority, is_valid_id, issue
from services.kit.secret_files import read_secret

__all__ = [
    "CLAIM_KEY",
    "SERVER_OPTIONS",
    "CannotListen",
    "CertificateRefused",
    "ClientTls",
    "ServerTls",
    "WrongIdentity",
    "acting_agency",
    "bind",
    "caller_agencies",
    "channel",
    "create_authority",
    "issue",
    "server_credentials",
]

CLAIM_KEY = "lianxi-agency"
"""Call metadata by which a plain-text caller says who it is; repeat it to speak for several agencies."""

MESSAGE_BYTES_MAX = 4 * 1024 * 1024
_SIZES = (("grpc.max_receive_message_length", MESSAGE_BYTES_MAX), ("grpc.max_send_message_length", MESSAGE_BYTES_MAX))
SERVER_OPTIONS: tuple[tuple[str, int], ...] = (
    *_SIZES,
    # Two servers that share a port by accident would each answer half of the calls: the second must fail instead.
    ("grpc.so_reuseport", 0),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
)
"""Options for `grpc.server(..., options=SERVER_OPTIONS)`: they allow what `channel` does."""

_CHANNEL_OPTIONS: tuple[tuple[str, int], ...] = (
    *_SIZES,
    # A firewall drops an idle connection silently; the ping tells within a minute that nobody is there.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.max_reconnect_backoff_ms", 5_000),
)
_LOCAL_OPTION = ("grpc.enable_http_proxy", 0)


@dataclass(frozen=True)
class _TlsFiles:
    certificate: Path
    key: Path
    authority: Path

    @classmethod
    def issued(cls, directory: Path, name: str) -> Self:
        """Name the files that `issue(directory, name)` wrote."""
        return cls(directory / f"{name}.pem", directory / f"{name}-key.pem", directory / "ca.pem")

    def read(self) -> tuple[bytes, bytes, bytes]:
        """Return key, certificate and authority as PEM; raise `FileNotFoundError` that names all missing files."""
        missing = [str(path) for path in (self.key, self.certificate, self.authority) if not path.is_file()]
        if missing:
            raise FileNotFoundError(f"missing for TLS: {', '.join(missing)}; `lianxi certs issue` makes them")
        return read_secret(self.key), self.certificate.read_bytes(), self.authority.read_bytes()


class ServerTls(_TlsFiles):
    """The files by which a server proves itself, and the authority whose clients it accepts."""


class ClientTls(_TlsFiles):
    """The files by which a caller proves itself, and the authority whose servers it trusts."""


class WrongIdentity(Exception):
    """The caller may not act as it asks: a stable `reason` code, and a `remedy` in words. Maps to PERMISSION_DENIED."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}: {remedy}")
        self.reason = reason
        self.remedy = remedy


class CannotListen(RuntimeError):
    """The server cannot take calls as it was set up; the message says what is missing or in the way."""


def server_credentials(tls: ServerTls) -> grpc.ServerCredentials:
    """Return credentials that demand a certificate of the same authority from every caller."""
    key, certificate, authority = tls.read()
    return grpc.ssl_server_credentials([(key, certificate)], root_certificates=authority, require_client_auth=True)


def channel(address: str, client_tls: ClientTls | None, *, plaintext: bool = False) -> grpc.Channel:
    """Open a channel to `host:port`, over mutual TLS, or in plain text to loopback when that is asked for.

    Raises `ValueError` where neither can be: no certificate, plain text to another machine, or both at once.
    """
    _refuse_unsafe(address, client_tls, plaintext=plaintext)
    options = (*_CHANNEL_OPTIONS, _LOCAL_OPTION) if _is_loopback(address) else _CHANNEL_OPTIONS
    if client_tls is None:
        return grpc.insecure_channel(address, options=options)
    key, certificate, authority = client_tls.read()
    credentials = grpc.ssl_channel_credentials(authority, private_key=key, certificate_chain=certificate)
    return grpc.secure_channel(address, credentials, options=options)


def bind(server: grpc.Server, address: str, tls: ServerTls | None, *, plaintext: bool = False) -> int:
    """Let a server listen on `host:port` and return the port (asked for as 0, it is chosen).

    The same rule as for `channel`: mutual TLS, or plain text on loopback when that is asked for; else `ValueError`.
    Raises `CannotListen` where a file is missing or the address is taken.
    """
    _refuse_unsafe(address, tls, plaintext=plaintext)
    try:
        if tls is None:
            return server.add_insecure_port(address)
        return server.add_secure_port(address, server_credentials(tls))
    except FileNotFoundError as missing:
        raise CannotListen(str(missing)) from missing
    except RuntimeError as refused:
        raise CannotListen(f"cannot listen on {address}: is another process there? (LIANXI_LISTEN)") from refused


def caller_agencies(context: grpc.ServicerContext, *, plaintext: bool = False) -> frozenset[str]:
    """Return the agencies that the caller may speak for: those its certificate names, possibly none.

    With `plaintext`, for a server that was started so, they are those that the caller claims in its metadata.
    """
    if plaintext:
        claims = [value for key, value in context.invocation_metadata() if key == CLAIM_KEY]
        return frozenset(claim for claim in claims if isinstance(claim, str) and is_valid_id(claim))
    # gRPC answers with a list of names; its type stubs say a single one.
    names = cast("Iterable[bytes]", context.auth_context().get("x509_subject_alternative_name", ()))
    uris = [name.decode("utf-8", "replace") for name in names]
    agencies = [uri.removeprefix(AGENCY_URI) for uri in uris if uri.startswith(AGENCY_URI)]
    return frozenset(agency for agency in agencies if is_valid_id(agency))


def acting_agency(context: grpc.ServicerContext, claimed: str | None, plaintext: bool) -> str:
    """Return the agency as which this call acts; a caller that speaks for one agency need not claim it.

    Raises `WrongIdentity`: CALLER_NAMES_NO_AGENCY, AGENCY_NOT_STATED (it speaks for several), AGENCY_NOT_THE_CALLERS.
    """
    agencies = caller_agencies(context, plaintext=plaintext)
    listed = ", ".join(sorted(agencies))
    if not agencies:
        remedy = f"state it in metadata {CLAIM_KEY!r}" if plaintext else "use a certificate that names your agency"
        raise WrongIdentity("CALLER_NAMES_NO_AGENCY", f"the caller names no agency it may speak for: {remedy}")
    if not claimed:
        if len(agencies) > 1:
            raise WrongIdentity("AGENCY_NOT_STATED", f"the caller speaks for several agencies, state one of: {listed}")
        return next(iter(agencies))
    if claimed not in agencies:
        raise WrongIdentity("AGENCY_NOT_THE_CALLERS", f"the caller may act as no other than {listed}")
    return claimed


def _refuse_unsafe(address: str, tls: _TlsFiles | None, *, plaintext: bool) -> None:
    if plaintext and tls is not None:
        raise ValueError("both certificates and plain text were asked for: leave one out")
    if plaintext and not _is_loopback(address):
        raise ValueError(
            f"plain text is refused on {address!r}, which is not a loopback address such as 127.0.0.1:50051: "
            "use certificates (`lianxi certs init`, `lianxi certs issue`)"
        )
    if tls is None and not plaintext:
        raise ValueError(
            f"no certificates for {address!r}: make some (`lianxi certs init`, `lianxi certs issue`), "
            "or ask for plain text on a loopback address"
        )


def _is_loopback(address: str) -> bool:
    # Only the plain forms count. gRPC also takes lists such as ipv4:127.0.0.1:1,10.0.0.1:2, and one of them may leave
    # the machine: what is not understood is not loopback.
    if address.startswith("unix:"):
        return True
    host, _, port = address.rpartition(":")
    if not port.isdecimal():
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False
