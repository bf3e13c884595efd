"""`lianxi certs`: a development authority and the certificates by which agencies and nodes know each other.

For trying the system out and for tests. In production an agency's own authority issues certificates of the same form.
"""

from datetime import UTC, datetime
from pathlib import Path

import click

from services.kit.authority import (
    LOOPBACK_HOSTS,
    CertificateRefused,
    create_authority,
    issue,
    read_certificate,
)

_DIRECTORY = click.argument("directory", type=click.Path(file_okay=False, path_type=Path))


@click.group(short_help="Make and look at certificates. 证书")
def certs() -> None:
    """Make and look at certificates. 证书:建立测试用签发机构,签发和查看证书。

    Every connection is encrypted, and each side shows a certificate that names the agencies it may speak for.

    \b
    lianxi certs init certs
    lianxi certs issue certs --node housing --agency housing-bureau
    lianxi certs issue certs --agency housing-bureau --name housing-system
    lianxi certs show certs/housing.pem
    """


@certs.command(short_help="Create a development authority. 建立测试用签发机构")
@_DIRECTORY
@click.option("--renew", is_flag=True, help="Replace the authority that is there. Every certificate it issued ends.")
def init(directory: Path, *, renew: bool) -> None:
    """Create a development authority in DIRECTORY. 建立测试用签发机构。

    Writes ca.pem, which every node and caller needs, and ca-key.pem, which nobody but the issuer may have.
    """
    try:
        certificate = create_authority(directory, renew=renew)
    except (CertificateRefused, OSError) as refused:
        raise click.ClickException(str(refused)) from refused
    click.echo(f"authority       {certificate}")
    click.echo(f"its private key {directory / 'ca-key.pem'}   keep it to yourself")


@certs.command("issue", short_help="Issue a certificate for a caller or a node. 签发证书")
@_DIRECTORY
@click.option(
    "--agency", "agencies", multiple=True, metavar="ID", help="May speak for this agency. Repeat for several."
)
@click.option("--node", metavar="ID", help="The certificate of this node, which then serves as well as calls.")
@click.option("--name", metavar="NAME", help="Name of the files. Default: the node, else the first agency.")
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="H",
    help=f"Name or address under which the node is reached. Repeat for several. Default: {', '.join(LOOPBACK_HOSTS)}.",
)
@click.option("--renew", is_flag=True, help="Replace a certificate and key of the same name.")
def issue_command(
    directory: Path,
    *,
    agencies: tuple[str, ...],
    node: str | None,
    name: str | None,
    hosts: tuple[str, ...],
    renew: bool,
) -> None:
    """Issue a certificate, valid for 397 days. 签发证书(397天有效)。

    Give --agency for a caller, --node for a node, or both for a node that also calls for its agencies.
    """
    if node is not None and name not in (None, node):
        raise click.UsageError("--name is for a caller's certificate: that of a node bears the node's id")
    file_name = node or name or (agencies[0] if agencies else None)
    if file_name is None:
        raise click.UsageError("name whom the certificate is for: --agency ID, --node ID, or both")
    if hosts and node is None:
        raise click.UsageError("--host is for a node: a caller is not reached under any address")
    try:
        certificate = issue(
            directory,
            file_name,
            agencies=agencies,
            node=node is not None,
            hosts=hosts or LOOPBACK_HOSTS,
            renew=renew,
        )
    except (CertificateRefused, OSError) as refused:
        raise click.ClickException(str(refused)) from refused
    click.echo(f"certificate     {certificate}")
    click.echo(f"its private key {directory / f'{file_name}-key.pem'}")
    click.echo(f"authority       {directory / 'ca.pem'}")


@certs.command(short_help="Show what a certificate says. 查看证书")
@click.argument("file", type=click.Path(path_type=Path))
def show(file: Path) -> None:
    """Show whom the certificate in FILE names and how long it is valid. 查看证书。"""
    try:
        seen = read_certificate(file)
    except (CertificateRefused, OSError) as refused:
        raise click.ClickException(str(refused)) from refused
    days = (seen.valid_until_time - datetime.now(UTC)).days
    lines = {
        "name 名称": seen.name + (" (an authority)" if seen.is_authority else ""),
        "agencies 机关": ", ".join(seen.agencies) or "none",
        "node 节点": ", ".join(seen.nodes) or "none",
        "hosts 地址": ", ".join(seen.hosts) or "none",
        "issued by 签发": seen.issuer,
        "valid from 起": f"{seen.valid_from_time:%Y-%m-%d %H:%M} UTC",
        "valid until 止": f"{seen.valid_until_time:%Y-%m-%d %H:%M} UTC"
        + (f" ({days} days left)" if days >= 0 else " (expired 已过期)"),
        "SHA-256": seen.fingerprint_sha256,
    }
    for label, value in lines.items():
        click.echo(f"{label}: {value}")
