"""A real Kafka broker on this machine without Docker: one Java process, kept in one directory.

It exists for tests, for `lianxi demo --kafka` and for a developer's desk.  The directory holds everything: settings,
data, log and the process id, so a broker that one process started can be stopped by another.  It listens on loopback
only and is one broker with one copy; a cluster for real service is described in `deploy/`, not here.
"""

import os
import random
import re
import signal
import socket
import string
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from contextlib import suppress
from pathlib import Path
from typing import Self

from services.kit.bus.kafka_client import broker_answers
from services.kit.bus.port import BusTls

REPOSITORY = Path(__file__).resolve().parents[3]
DEPLOYMENT = REPOSITORY / "deploy" / "kafka"
DEFAULT_PORT = 9092
# Below the range from which systems draw outgoing ports: a client that retries a dead port in that range can end up
# connected to itself, and then keeps the broker from coming back.
PORTS = range(20_000, 32_000)
START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 30.0
ANSWER_SECONDS_MAX = 2.0
LOG_LINES_SHOWN = 15


class BrokerUnusable(RuntimeError):
    """The broker cannot be run here; the message says what is missing or what it said last."""


def runtime_directory() -> Path:
    """Where everything lives that is made at run time and belongs in no repository."""
    return Path(os.environ.get("LIANXI_HOME") or REPOSITORY / ".lianxi")


def install() -> Path:
    """Make sure that Java and the broker's jars are here; returns the folder of the jars.

    Quick when they are.  Raises `BrokerUnusable` with the installer's own words when they cannot be had.
    """
    done = subprocess.run([DEPLOYMENT / "install.sh"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BrokerUnusable(f"Kafka could not be installed:\n{done.stderr.strip() or done.stdout.strip()}")
    return runtime_directory() / "kafka" / "libs"


class KafkaBroker:
    """A broker whose whole state is `directory`.

    Without `port` it keeps the one that it had, or takes a free one; a broker that runs is taken as it is.  With
    `tls` it speaks to nobody who shows no certificate of the same authority, and its own must name the host
    127.0.0.1.  As a context manager it starts and stops.
    """

    def __init__(self, directory: Path, port: int | None = None, tls: BusTls | None = None) -> None:
        self.directory = directory.resolve()
        self._tls = tls
        self._properties_file = self.directory / "server.properties"
        self._pid_file = self.directory / "broker.pid"
        self.log_file = self.directory / "broker.log"
        self._child: subprocess.Popen[bytes] | None = None
        kept_port, kept_controller_port = self._kept_ports()
        wanted_port = port if self.pid is None else None
        self.port = wanted_port or kept_port or free_port()
        self._controller_port = kept_controller_port or free_port()

    @property
    def bootstrap(self) -> str:
        """What clients are given to connect to."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The same for `open_bus`."""
        return f"kafka://{self.bootstrap}"

    @property
    def pid(self) -> int | None:
        """The broker's process id; nothing when it does not run."""
        if self._child is not None and self._child.poll() is None:
            return self._child.pid
        try:
            pid = int(self._pid_file.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return pid if _is_broker(pid, self._properties_file) else None

    def start(self) -> None:
        """Start the broker, and return when it answers; does nothing when it runs already."""
        if self.pid is not None:
            self.wait_until_ready()
            return
        jars = install()
        if not _is_free(self.port):
            raise BrokerUnusable(f"port {self.port} is taken by another program: stop it, or choose another port")
        self.directory.mkdir(parents=True, exist_ok=True)
        self._properties_file.write_text(self._properties())
        if not (self.directory / "data" / "meta.properties").exists():
            self._format(jars)
        with self.log_file.open("a") as log:
            self._child = subprocess.Popen(
                self._java(jars, "-Xms256m", "-Xmx512m", "kafka.Kafka", str(self._properties_file)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # An interrupt at the terminal is for us; we stop the broker in our own time.
            )
        self._pid_file.write_text(str(self._child.pid))
        try:
            self.wait_until_ready()
        except BrokerUnusable:
            self.stop()
            raise

    def wait_until_ready(self) -> None:
        """Wait until the broker answers a request for metadata."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            if self.pid is None:
                raise BrokerUnusable(f"the Kafka broker ended while starting; it said:\n{self._last_words()}")
            if self._answers():
                return
            time.sleep(0.1)
        raise BrokerUnusable(f"the Kafka broker did not answer within {START_SECONDS_MAX} s:\n{self._last_words()}")

    def stop(self) -> None:
        """Stop the broker cleanly, or by force when it does not heed; does nothing when it does not run."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the broker as a crash would."""
        self._end(signal.SIGKILL)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def _end(self, how: signal.Signals) -> None:
        pid = self.pid
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, how)
            deadline = time.monotonic() + STOP_SECONDS_MAX
            while self.pid == pid and time.monotonic() < deadline:
                time.sleep(0.05)
            with suppress(ProcessLookupError):
                if self.pid == pid:
                    os.kill(pid, signal.SIGKILL)
        if self._child is not None:
            self._child.wait()
            self._child = None
        self._pid_file.unlink(missing_ok=True)

    def _kept_ports(self) -> tuple[int | None, int | None]:
        """The client's and the controller's port of the last start, so that a restart is found where it was."""
        if not self._properties_file.exists():
            return None, None
        listeners = re.search(
            r"^listeners=\w+://[^:]+:(\d+),\w+://[^:]+:(\d+)$", self._properties_file.read_text(), re.MULTILINE
        )
        return (int(listeners[1]), int(listeners[2])) if listeners else (None, None)

    def _properties(self) -> str:
        text = (DEPLOYMENT / "server.properties.template").read_text()
        names = {
            "protocol": "PLAINTEXT" if self._tls is None else "SSL",
            "port": str(self.port),
            "controller_port": str(self._controller_port),
            "data_directory": str(self.directory / "data"),
        }
        if self._tls is not None:
            text += (DEPLOYMENT / "tls.properties.template").read_text()
            names |= {"authority_file": str(Path(self._tls.authority_file).resolve())}
            names |= {"identity_file": str(self._write_identity(self._tls))}
        filled = string.Template(text).substitute(names)
        # Java reads properties as Latin-1; a folder may well have a Chinese name.
        return "".join(letter if letter.isascii() else f"\\u{ord(letter):04x}" for letter in filled)

    def _write_identity(self, tls: BusTls) -> Path:
        """Put key and certificate into the one file that the broker wants, closed to others."""
        identity = self.directory / "identity.pem"
        identity.touch(mode=0o600)
        identity.write_text(Path(tls.key_file).read_text() + Path(tls.certificate_file).read_text())
        return identity

    def _format(self, jars: Path) -> None:
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "_")
        command = self._java(jars, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self._properties_file))
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BrokerUnusable(f"{self.directory} could not be prepared for Kafka:\n{done.stdout}{done.stderr}")

    def _java(self, jars: Path, *arguments: str) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={DEPLOYMENT / 'log4j2.yaml'}"
        return ["java", logging, "-cp", f"{jars}/*", *arguments]

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def _answers(self) -> bool:
        return self._listens() and broker_answers(self.bootstrap, self._tls, ANSWER_SECONDS_MAX)

    def _last_words(self) -> str:
        if not self.log_file.exists():
            return "(nothing)"
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:])


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    for port in random.sample(PORTS, 100):
        if _is_free(port):
            return port
    raise BrokerUnusable(f"no free port was found between {PORTS.start} and {PORTS.stop}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Connections that linger from the last run do not count as somebody who listens.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _is_broker(pid: int, properties_file: Path) -> bool:
    """Whether the process is the broker of these settings: process ids are given again, and a stale file may lie."""
    listing = Path(f"/proc/{pid}/cmdline")
    if listing.exists():
        command = listing.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    else:
        asked = subprocess.run(
            ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        command = asked.stdout
    return f"kafka.Kafka {properties_file}" in command
