"""The development certificate authority: it issues the certificates by which nodes and agencies know each other.

A certificate names the agencies its holder may speak for as URIs, `lianxi://agency/<id>`: one, or several where a
shared bureau runs the system of many agencies. A node's own certificate names it as `lianxi://node/<id>`.
In production an agency's own authority issues certificates of the same form, and this module is not needed.
It never overwrites a key unless asked to, and never issues a certificate that names nobody.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from services.kit.secret_files import SecretExists, make_secret_directory, read_secret, write_public, write_secret

AGENCY_URI = "lianxi://agency/"
NODE_URI = "lianxi://node/"
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")
LEAF_VALIDITY = timedelta(days=397)  # The most that certificate clients accept from a public authority.
AUTHORITY_VALIDITY = timedelta(days=3653)

_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}")
# Clocks of two machines differ: a certificate issued now must be valid for a peer whose clock is a little behind.
_CLOCK_TOLERANCE = timedelta(hours=1)
_AUTHORITY_NAME = "ca"
_NO_KEY_USE = {
    "digital_signature": False,
    "content_commitment": False,
    "key_encipherment": False,
    "data_encipherment": False,
    "key_agreement": False,
    "key_cert_sign": False,
    "crl_sign": False,
    "encipher_only": False,
    "decipher_only": False,
}


class CertificateRefused(ValueError):
    """A certificate that was asked for cannot be issued or read; the message says why and what to do."""


@dataclass(frozen=True)
class CertificateSummary:
    """What a certificate says, for a person who looks at it."""

    name: str
    agencies: tuple[str, ...]
    nodes: tuple[str, ...]
    hosts: tuple[str, ...]
    issuer: str
    is_authority: bool
    valid_from_time: datetime
    valid_until_time: datetime
    fingerprint_sha256: str


def is_valid_id(candidate: str) -> bool:
    """Say whether a string can be the id of an agency or a node: `[a-z0-9][a-z0-9-]{1,39}`."""
    return _ID.fullmatch(candidate) is not None


def create_authority(directory: Path, *, renew: bool = False) -> Path:
    """Create a development authority, `ca.pem` and `ca-key.pem`, valid for ten years; return the certificate's path.

    Raises `CertificateRefused` when the directory has one and `renew` is false: every certificate it ever issued
    stops being accepted once it is replaced.
    """
    make_secret_directory(directory)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Lianxi development authority")])
    builder = (
        _certificate(name, key, AUTHORITY_VALIDITY)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**_NO_KEY_USE | {"key_cert_sign": True, "crl_sign": True}), critical=True)
    )
    return _store(directory, _AUTHORITY_NAME, key, builder.sign(key, hashes.SHA256()), renew=renew)


def issue(
    directory: Path,
    name: str,
    *,
    agencies: Sequence[str],
    node: bool,
    hosts: Sequence[str] = LOOPBACK_HOSTS,
    renew: bool = False,
) -> Path:
    """Issue `<name>.pem` with its key `<name>-key.pem`, valid for 397 days; return the certificate's path.

    The certificate names `agencies`, and with `node` also the node `name`, which may then serve as well as call.
    Raises `CertificateRefused` for an id of another form, for a certificate that would name nobody, where there is no
    authority, and where the key exists and `renew` is false.
    """
    _refuse_bad_names(name, agencies, node=node)
    authority, authority_key = _load_authority(directory)
    key = ec.generate_private_key(ec.SECP256R1())
    uris = [AGENCY_URI + agency for agency in dict.fromkeys(agencies)] + ([NODE_URI + name] if node else [])
    names = [*map(x509.UniformResourceIdentifier, uris), *(map(_host, hosts) if node else ())]
    purposes = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if node else [])]
    signer = x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key())
    builder = (
        _certificate(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key, LEAF_VALIDITY)
        .issuer_name(authority.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**_NO_KEY_USE | {"digital_signature": True}), critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(signer), critical=False)
    )
    return _store(directory, name, key, builder.sign(authority_key, hashes.SHA256()), renew=renew)


def read_certificate(path: Path) -> CertificateSummary:
    """Return what the certificate in a PEM file says; raise `CertificateRefused` when it holds none."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except FileNotFoundError:
        raise CertificateRefused(f"{path} does not exist") from None
    except (ValueError, IsADirectoryError):
        raise CertificateRefused(f"{path} holds no PEM certificate (name the .pem file, not the -key.pem)") from None
    names = _alternative_names(certificate)
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    hosts = [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]
    return CertificateSummary(
        name=_common_name(certificate.subject),
        agencies=tuple(uri.removeprefix(AGENCY_URI) for uri in uris if uri.startswith(AGENCY_URI)),
        nodes=tuple(uri.removeprefix(NODE_URI) for uri in uris if uri.startswith(NODE_URI)),
        hosts=tuple(hosts),
        issuer=_common_name(certificate.issuer),
        is_authority=_is_authority(certificate),
        valid_from_time=certificate.not_valid_before_utc,
        valid_until_time=certificate.not_valid_after_utc,
        fingerprint_sha256=certificate.fingerprint(hashes.SHA256()).hex(),
    )


def _refuse_bad_names(name: str, agencies: Sequence[str], *, node: bool) -> None:
    for candidate in (name, *agencies):
        if not is_valid_id(candidate):
            raise CertificateRefused(f"{candidate!r} is no id: use 2 to 40 of a-z, 0-9 and '-'")
    if name == _AUTHORITY_NAME or name.endswith("-key"):
        raise CertificateRefused(f"the name {name!r} would collide with a key file: choose another")
    if not agencies and not node:
        raise CertificateRefused("a certificate must name at least one agency or a node")


def _load_authority(directory: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    try:
        certificate = x509.load_pem_x509_certificate((directory / "ca.pem").read_bytes())
        key = serialization.load_pem_private_key(read_secret(directory / "ca-key.pem"), password=None)
    except FileNotFoundError:
        raise CertificateRefused(f"no authority in {directory}: create one first, `lianxi certs init`") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise CertificateRefused(f"ca.pem and ca-key.pem in {directory} do not belong together")
    return certificate, key


def _certificate(subject: x509.Name, key: ec.EllipticCurvePrivateKey, validity: timedelta) -> x509.CertificateBuilder:
    valid_from = datetime.now(UTC) - _CLOCK_TOLERANCE
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid_from)
        .not_valid_after(valid_from + validity)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _store(
    directory: Path, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate, *, renew: bool
) -> Path:
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    try:
        write_secret(directory / f"{name}-key.pem", private, replace=renew)
    except SecretExists as exists:
        raise CertificateRefused(f"{exists}, unless asked to (--renew)") from None
    # The key was new, so a certificate without its key beside it is of no use to anyone and gives way.
    write_public(directory / f"{name}.pem", certificate.public_bytes(encoding), replace=True)
    return directory / f"{name}.pem"


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    if _HOST.fullmatch(host) is None:
        raise CertificateRefused(f"{host!r} is neither a host name nor an address")
    return x509.DNSName(host)


def _alternative_names(certificate: x509.Certificate) -> x509.SubjectAlternativeName:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return x509.SubjectAlternativeName([])


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _common_name(name: x509.Name) -> str:
    return ", ".join(str(attribute.value) for attribute in name.get_attributes_for_oid(NameOID.COMMON_NAME))
