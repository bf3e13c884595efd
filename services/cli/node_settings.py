"""Where the commands find a node's settings: a file of variables, the environment, and the embedded PostgreSQL.

With `LIANXI_EMBEDDED_DIR` the databases and the bus are those of the cluster in that folder, which is started if it
does not run; the addresses are worked out at each start, because they depend on where the cluster keeps its socket.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from services.kit.embedded_postgres import EmbeddedPostgres
from services.kit.settings import NodeSettings, WrongSettings

EMBEDDED = "LIANXI_EMBEDDED_DIR"

_STAND_INS = {
    "LIANXI_LOG_DSN": "postgresql://log",
    "LIANXI_KEYS_DSN": "postgresql://keys",
    "LIANXI_BUS": "postgresql://bus",
}

env_file_option = click.option(
    "--env-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File of LIANXI_ variables, as `lianxi node init` writes it. The environment wins over it.",
)


def read_env_file(path: Path) -> dict[str, str]:
    """Read lines NAME=VALUE; empty lines and lines that begin with # say nothing."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name.strip(): value.strip() for name, _, value in pairs}


def embedded_addresses(cluster: EmbeddedPostgres, node: str) -> dict[str, str]:
    """Return the variables by which a node uses a running embedded cluster: its two databases, and the shared bus."""
    return {
        "LIANXI_LOG_DSN": cluster.dsn(f"node_{node}"),
        "LIANXI_KEYS_DSN": cluster.dsn(f"keys_{node}"),
        "LIANXI_BUS": cluster.dsn("bus"),
    }


@contextmanager
def node_settings(env_file: Path | None) -> Iterator[NodeSettings]:
    """Give the settings, with the embedded cluster running where one is used; a wrong setting ends the command."""
    given = {**(read_env_file(env_file) if env_file else {}), **os.environ}
    embedded = given.get(EMBEDDED)
    if not embedded:
        yield _checked(given)
        return
    # Whatever is missing besides the cluster's addresses is told before the cluster is started.
    node = _checked({**_STAND_INS, **given}).node
    with EmbeddedPostgres(Path(embedded)) as cluster:
        yield _checked({**embedded_addresses(cluster, node), **given})


def _checked(environment: Mapping[str, str]) -> NodeSettings:
    try:
        return NodeSettings.from_env(environment)
    except WrongSettings as wrong:
        raise click.ClickException(str(wrong)) from wrong
