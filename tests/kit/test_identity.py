"""Mutual TLS as it is met on the wire: a real server on loopback, real certificates, every way to be turned away."""

import stat
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import grpc
import pytest

from services.kit.authority import CertificateRefused, create_authority, issue, read_certificate
from services.kit.identity import (
    CLAIM_KEY,
    SERVER_OPTIONS,
    CannotListen,
    ClientTls,
    ServerTls,
    WrongIdentity,
    acting_agency,
    bind,
    caller_agencies,
    channel,
)

CALL_SECONDS_MAX = 5.0
WHO = "/lianxi.test.Who/Ami"


@pytest.fixture(scope="module")
def certs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("certs")
    create_authority(directory)
    issue(directory, "node-1", agencies=["housing"], node=True)
    issue(directory, "housing", agencies=["housing"], node=False)
    issue(directory, "bureau", agencies=["housing", "land", "water"], node=False)
    issue(directory, "nobody", agencies=[], node=True)
    return directory


@pytest.fixture(scope="module")
def tls_port(certs: Path) -> Iterator[int]:
    with serving(
        lambda server: bind(server, "127.0.0.1:0", ServerTls.issued(certs, "node-1")), plaintext=False
    ) as port:
        yield port


@contextmanager
def serving(listen: Callable[[grpc.Server], int], *, plaintext: bool) -> Iterator[int]:
    """A server with one method: it answers as which agency the caller acts, given the agency it claims."""

    def act(claimed: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            return acting_agency(context, claimed.decode() or None, plaintext).encode()
        except WrongIdentity as wrong:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, str(wrong))

    server = grpc.server(ThreadPoolExecutor(4), options=SERVER_OPTIONS)
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {"Ami": grpc.unary_unary_rpc_method_handler(act)}
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("lianxi.test.Who", handlers)])
    port = listen(server)
    server.start()
    try:
        yield port
    finally:
        server.stop(grace=None).wait()


def who_am_i(called: grpc.Channel, claimed: str = "", claims: Sequence[str] = ()) -> str:
    with called:
        ask: grpc.UnaryUnaryMultiCallable[bytes, bytes] = called.unary_unary(WHO)
        metadata = tuple((CLAIM_KEY, claim) for claim in claims)
        return ask(claimed.encode(), timeout=CALL_SECONDS_MAX, metadata=metadata).decode()


def refusal(called: grpc.Channel, claimed: str = "", claims: Sequence[str] = ()) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as error:
        who_am_i(called, claimed, claims)
    call = cast("grpc.Call", error.value)
    return call.code(), (call.details() or "").partition(":")[0]


def test_a_caller_with_one_agency_acts_as_it_without_saying_so(certs: Path, tls_port: int) -> None:
    called = channel(f"localhost:{tls_port}", ClientTls.issued(certs, "housing"))
    assert who_am_i(called) == "housing"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_shared_bureau_acts_as_any_agency_of_its_certificate(certs: Path, tls_port: int, host: str) -> None:
    for agency in ("housing", "land", "water"):
        assert who_am_i(channel(f"{host}:{tls_port}", ClientTls.issued(certs, "bureau")), agency) == agency


def test_a_shared_bureau_must_state_as_whom_it_acts(certs: Path, tls_port: int) -> None:
    called = channel(f"localhost:{tls_port}", ClientTls.issued(certs, "bureau"))
    assert refusal(called) == (grpc.StatusCode.PERMISSION_DENIED, "AGENCY_NOT_STATED")


def test_no_caller_acts_as_an_agency_that_its_certificate_does_not_name(certs: Path, tls_port: int) -> None:
    called = channel(f"localhost:{tls_port}", ClientTls.issued(certs, "housing"))
    assert refusal(called, "water") == (grpc.StatusCode.PERMISSION_DENIED, "AGENCY_NOT_THE_CALLERS")


def test_a_certificate_without_an_agency_acts_for_nobody(certs: Path, tls_port: int) -> None:
    called = channel(f"localhost:{tls_port}", ClientTls.issued(certs, "nobody"))
    assert refusal(called, "housing") == (grpc.StatusCode.PERMISSION_DENIED, "CALLER_NAMES_NO_AGENCY")


def test_metadata_proves_nothing_on_a_tls_connection(certs: Path, tls_port: int) -> None:
    called = channel(f"localhost:{tls_port}", ClientTls.issued(certs, "housing"))
    assert refusal(called, "water", claims=["water"]) == (grpc.StatusCode.PERMISSION_DENIED, "AGENCY_NOT_THE_CALLERS")


def test_a_caller_of_another_authority_is_turned_away(certs: Path, tls_port: int, tmp_path: Path) -> None:
    create_authority(tmp_path)
    issue(tmp_path, "housing", agencies=["housing"], node=False)
    forged = ClientTls(tmp_path / "housing.pem", tmp_path / "housing-key.pem", certs / "ca.pem")
    assert refusal(channel(f"localhost:{tls_port}", forged))[0] == grpc.StatusCode.UNAVAILABLE


def test_a_caller_turns_a_server_of_another_authority_away(certs: Path, tls_port: int, tmp_path: Path) -> None:
    create_authority(tmp_path)
    wary = ClientTls(certs / "housing.pem", certs / "housing-key.pem", tmp_path / "ca.pem")
    assert refusal(channel(f"localhost:{tls_port}", wary))[0] == grpc.StatusCode.UNAVAILABLE


def test_a_caller_without_certificate_is_turned_away(certs: Path, tls_port: int) -> None:
    anonymous = grpc.ssl_channel_credentials((certs / "ca.pem").read_bytes())
    assert refusal(grpc.secure_channel(f"localhost:{tls_port}", anonymous))[0] == grpc.StatusCode.UNAVAILABLE


def test_a_plain_text_caller_is_turned_away_by_a_tls_server(tls_port: int) -> None:
    called = channel(f"localhost:{tls_port}", None, plaintext=True)
    assert refusal(called, "housing", claims=["housing"])[0] == grpc.StatusCode.UNAVAILABLE


def test_a_callers_certificate_does_not_serve(certs: Path) -> None:
    with serving(
        lambda server: bind(server, "127.0.0.1:0", ServerTls.issued(certs, "housing")), plaintext=False
    ) as port:
        called = channel(f"localhost:{port}", ClientTls.issued(certs, "housing"))
        assert refusal(called)[0] == grpc.StatusCode.UNAVAILABLE


def test_plain_text_on_loopback_believes_the_metadata() -> None:
    with serving(lambda server: bind(server, "127.0.0.1:0", None, plaintext=True), plaintext=True) as port:
        address = f"127.0.0.1:{port}"
        assert who_am_i(channel(address, None, plaintext=True), claims=["land"]) == "land"
        assert who_am_i(channel(address, None, plaintext=True), "land", claims=["water", "land"]) == "land"
        refused = refusal(channel(address, None, plaintext=True), "land")
        assert refused == (grpc.StatusCode.PERMISSION_DENIED, "CALLER_NAMES_NO_AGENCY")


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0:50051",
        "[::]:50051",
        "192.168.1.7:50051",
        "office.example.cn:50051",
        "localhost.example.cn:50051",
        "ipv4:127.0.0.1:50051,192.168.1.7:50051",
        "dns:///localhost:50051",
        "127.0.0.1",
        "",
    ],
)
def test_plain_text_is_refused_off_loopback(address: str) -> None:
    with pytest.raises(ValueError, match="lianxi certs"):
        channel(address, None, plaintext=True)
    with pytest.raises(ValueError, match="lianxi certs"):
        bind(grpc.server(ThreadPoolExecutor(1)), address, None, plaintext=True)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.8.8.8:1", "[::1]:1", "localhost:1", "unix:/tmp/lianxi.sock"])
def test_plain_text_is_allowed_on_loopback_when_asked_for_and_never_by_default(address: str) -> None:
    channel(address, None, plaintext=True).close()
    with pytest.raises(ValueError, match="no certificates"):
        channel(address, None)


def test_both_certificates_and_plain_text_is_a_contradiction(certs: Path) -> None:
    with pytest.raises(ValueError, match="leave one out"):
        channel("127.0.0.1:1", ClientTls.issued(certs, "housing"), plaintext=True)


def test_missing_files_are_all_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"x-key\.pem.*x\.pem.*ca\.pem"):
        channel("127.0.0.1:1", ClientTls.issued(tmp_path, "x"))


def test_a_server_without_its_certificate_says_which_files_it_misses(tmp_path: Path) -> None:
    server = grpc.server(ThreadPoolExecutor(1), options=SERVER_OPTIONS)
    with pytest.raises(CannotListen, match=r"x-key\.pem.*x\.pem.*ca\.pem.*lianxi certs issue"):
        bind(server, "127.0.0.1:0", ServerTls.issued(tmp_path, "x"))


def test_two_servers_never_share_a_port(certs: Path, tls_port: int) -> None:
    second = grpc.server(ThreadPoolExecutor(1), options=SERVER_OPTIONS)
    with pytest.raises(CannotListen, match="is another process there"):
        bind(second, f"127.0.0.1:{tls_port}", ServerTls.issued(certs, "node-1"))


def test_an_agency_uri_of_another_form_names_nobody() -> None:
    names = [b"lianxi://agency/housing", b"lianxi://agency/../water", b"lianxi://agency/", b"\xff", b"localhost"]
    context = SimpleNamespace(auth_context=lambda: {"x509_subject_alternative_name": names})
    assert caller_agencies(cast("grpc.ServicerContext", context)) == {"housing"}


def test_keys_are_closed_to_others_and_certificates_are_not(certs: Path) -> None:
    for key in certs.glob("*-key.pem"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE((certs / "ca.pem").stat().st_mode) == 0o644


def test_what_a_certificate_says_can_be_read_back(certs: Path) -> None:
    node, bureau = read_certificate(certs / "node-1.pem"), read_certificate(certs / "bureau.pem")
    assert (node.nodes, node.agencies) == (("node-1",), ("housing",))
    assert node.hosts == ("localhost", "127.0.0.1", "::1")
    assert (bureau.nodes, bureau.agencies, bureau.hosts) == ((), ("housing", "land", "water"), ())
    assert node.valid_until_time - node.valid_from_time == timedelta(days=397)
    assert read_certificate(certs / "ca.pem").is_authority
    assert not node.is_authority


def test_a_key_is_never_overwritten_unless_renewed(tmp_path: Path) -> None:
    create_authority(tmp_path)
    issue(tmp_path, "land", agencies=["land"], node=False)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(CertificateRefused, match="not overwritten"):
        create_authority(tmp_path)
    with pytest.raises(CertificateRefused, match="not overwritten"):
        issue(tmp_path, "land", agencies=["water"], node=False)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before

    issue(tmp_path, "land", agencies=["water"], node=False, renew=True)
    assert (tmp_path / "land-key.pem").read_bytes() != before["land-key.pem"]
    assert read_certificate(tmp_path / "land.pem").agencies == ("water",)


@pytest.mark.parametrize("name", ["", "a", "Housing", "住房", "a/b", "..", "a" * 41, "ca", "land-key"])
def test_a_name_of_another_form_is_refused(certs: Path, name: str) -> None:
    with pytest.raises(CertificateRefused):
        issue(certs, name, agencies=["land"], node=False)


def test_a_certificate_names_somebody_and_has_an_issuer(certs: Path, tmp_path: Path) -> None:
    with pytest.raises(CertificateRefused, match="at least one agency or a node"):
        issue(certs, "land", agencies=[], node=False)
    with pytest.raises(CertificateRefused, match="neither a host name nor an address"):
        issue(certs, "land", agencies=["land"], node=True, hosts=["住房.cn"])
    with pytest.raises(CertificateRefused, match="certs init"):
        issue(tmp_path, "land", agencies=["land"], node=False)
