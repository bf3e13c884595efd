"""What a node is told when it starts: read once from the environment, checked as a whole, then frozen.

A wrong start names everything that is missing or wrong at once, so that an operator corrects it once. There is no
default for anything secret or for where data is kept. Messages name variables and never repeat a value, because a
value may hold a password.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from domain.custody import PETITIONER
from domain.event import AgencyId
from domain.local_rules import LocalRulesRefused
from domain.vocabulary import AgencyKind
from services.kit.bus.port import BusTls
from services.kit.clock import AcceleratedClock, Clock, system_clock
from services.kit.divisions import MADE_UP, is_valid
from services.kit.identity import ServerTls
from services.kit.law import LOCAL_RULES, LocalRulesFile, read_local_rules

DEFAULT_LISTEN = "127.0.0.1:50051"
OFFICE_LISTEN = "127.0.0.1:50061"
"""Another port than that of a node, so that both run on one machine."""
KEK_FILE = "kek"


Division = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
"""A code of GB/T 2260, `000000` for the nation; one that begins with 99 belongs to a made-up place."""

Day = Annotated[date, Field(ge=date(1900, 1, 1))]


class ServedAgency(BaseModel):
    """An agency for which the node speaks, as it announces it to the others; `domain.jurisdiction` says what for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agency: AgencyId
    kind: AgencyKind
    name_zh: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    division: Division | None = None
    superior: AgencyId | None = None
    established: Day | None = None
    abolished: Day | None = None
    successors: Annotated[tuple[AgencyId, ...], Field(max_length=50)] = ()

    def contradictions(self, today: date) -> dict[str, str]:
        """Return what does not fit together, by the field at fault."""
        last_day = min(today, self.abolished - timedelta(days=1)) if self.abolished else today
        checks = {
            "division": (
                self.division is None or is_valid(self.division, last_day),
                f"no such code of GB/T 2260 on {last_day}; a made-up place takes one that begins with {MADE_UP}",
            ),
            "superior": (self.superior != self.agency, "no agency is above itself"),
            "abolished": (
                (self.established or date.min) < (self.abolished or date.max),
                "an agency ends after the day on which it began",
            ),
            "successors": (len({self.agency, *self.successors}) > len(self.successors), "others, each named once"),
        }
        return {name: said for name, (is_fine, said) in checks.items() if not is_fine}


class WrongSettings(ValueError):
    """The node cannot start so; `problems` names each variable that is missing or wrong, and what it should hold."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("the settings are not complete:\n" + "\n".join(f"  {problem}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True, kw_only=True)
class NodeSettings:
    """Everything a node needs to know; the variables of the environment are listed in `VARIABLES`."""

    node: str
    agencies: tuple[ServedAgency, ...]
    log_dsn: str = field(repr=False)
    keys_dsn: str = field(repr=False)
    bus_url: str = field(repr=False)
    state_dir: Path
    listen: str = DEFAULT_LISTEN
    tls_dir: Path | None = None
    plaintext: bool = False
    bus_tls_dir: Path | None = None
    history_before: datetime | None = None
    local_rules: LocalRulesFile | None = None
    clock_spec: AcceleratedClock | None = None

    def __post_init__(self) -> None:
        if problems := _contradictions(vars(self)):
            raise WrongSettings(problems)

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings; raise `WrongSettings` that lists every problem."""
        given: dict[str, Any] = {}
        problems: list[str] = []
        for variable in VARIABLES:
            text = environment.get(variable.name, "").strip()
            try:
                if text:
                    given[variable.field] = variable.read(text)
                elif variable.is_required:
                    problems.append(f"{variable.name} is missing: {variable.meaning}")
            except LocalRulesRefused as refused:
                problems += [f"{variable.name}: {problem}" for problem in refused.problems]
            except ValueError:
                problems.append(f"{variable.name} is wrong: {variable.meaning}")
        problems += _contradictions(given)
        if problems:
            raise WrongSettings(problems)
        return cls(**given)

    def to_env(self) -> dict[str, str]:
        """Return the variables from which a child process reads these same settings."""
        return {
            variable.name: variable.write(value)
            for variable in VARIABLES
            if (value := getattr(self, variable.field)) not in (None, False)
        }

    @property
    def clock(self) -> Clock:
        """The clock by which the node lives."""
        return self.clock_spec or system_clock

    @property
    def server_tls(self) -> ServerTls | None:
        """The node's certificate for its callers; none in plain text."""
        return None if self.tls_dir is None else ServerTls.issued(self.tls_dir, self.node)

    @property
    def bus_tls(self) -> BusTls | None:
        """The node's certificate for the bus; none where the bus is reached without."""
        if self.bus_tls_dir is None:
            return None
        files = ServerTls.issued(self.bus_tls_dir, self.node)
        return BusTls(str(files.authority), str(files.certificate), str(files.key))

    @property
    def node_keys_dir(self) -> Path:
        """Where the node's delivery and signing keys are."""
        return self.state_dir / "keys"

    @property
    def kek_file(self) -> Path:
        """Where the key is that wraps the petition keys."""
        return self.state_dir / KEK_FILE


@dataclass(frozen=True)
class Variable:
    """One variable of the environment: which field it fills, how it is read and written, and what it means."""

    name: str
    field: str
    meaning: str
    read: Callable[[str], Any] = str
    write: Callable[[Any], str] = str
    is_required: bool = False


def _contradictions(given: Mapping[str, Any]) -> list[str]:
    """Say what does not fit together among fields that are fine one by one; a field may be missing."""
    problems = []
    if bool(given.get("tls_dir")) == bool(given.get("plaintext")):
        problems.append("LIANXI_TLS_DIR or LIANXI_PLAINTEXT=1: give exactly one (plain text is for loopback only)")
    names = [served.agency for served in given.get("agencies", ())]
    if PETITIONER in names:
        problems.append(f"LIANXI_AGENCIES is wrong: no agency is called {PETITIONER}, who holds a window of time")
    if len(set(names)) != len(names):
        problems.append("LIANXI_AGENCIES is wrong: it names an agency twice")
    today = (given.get("clock_spec") or system_clock)().date()
    for number, served in enumerate(given.get("agencies", ()), start=1):
        for name, said in served.contradictions(today).items():
            problems.append(f"LIANXI_AGENCIES is wrong: {name} of agency {number}: {said}")
    if given.get("log_dsn") and given.get("log_dsn") == given.get("keys_dsn"):
        # Keys beside what they open, in one backup, would make their destruction worth nothing.
        problems.append("LIANXI_KEYS_DSN is wrong: the keys have a database of their own, not that of the log")
    return problems


_AGENCIES = TypeAdapter(tuple[ServedAgency, ...])
_ID = TypeAdapter(AgencyId)


def _read_id(text: str) -> str:
    return _ID.validate_python(text)


def _read_agencies(text: str) -> tuple[ServedAgency, ...]:
    try:
        agencies = _AGENCIES.validate_json(text)
    except ValidationError as problem:
        raise ValueError(str(problem)) from None
    if not agencies:
        raise ValueError("a node serves at least one agency")
    return agencies


def _write_agencies(agencies: tuple[ServedAgency, ...]) -> str:
    return json.dumps(
        [served.model_dump(mode="json", exclude_defaults=True) for served in agencies], ensure_ascii=False
    )


def _read_instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant names its time zone")
    return instant


def _read_flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError("a flag is 0 or 1")
    return text == "1"


def _one_of(*schemes: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not text.startswith(schemes):
            raise ValueError(f"it begins with one of {schemes}")
        return text

    return read


_POSTGRES = ("postgresql://", "postgres://")

VARIABLES: tuple[Variable, ...] = (
    Variable("LIANXI_NODE", "node", "the id of this node, 2 to 40 of a-z, 0-9 and '-'", _read_id, is_required=True),
    Variable(
        "LIANXI_AGENCIES",
        "agencies",
        'JSON: [{"agency": "housing", "kind": "agency", "name_zh": "住房局", "name": "Housing Bureau"}, …]; '
        f"kind is one of {', '.join(AgencyKind)}; may be added for jurisdiction: division (six digits of GB/T 2260), "
        "superior and successors (ids of agencies), established and abolished (dates: from then on there, or not)",
        _read_agencies,
        _write_agencies,
        is_required=True,
    ),
    Variable(
        "LIANXI_LOG_DSN",
        "log_dsn",
        "the database of the event log, postgresql://…",
        _one_of(*_POSTGRES),
        is_required=True,
    ),
    Variable(
        "LIANXI_KEYS_DSN",
        "keys_dsn",
        "the database of the petition keys, postgresql://…, another one than that of the log",
        _one_of(*_POSTGRES),
        is_required=True,
    ),
    Variable(
        "LIANXI_BUS",
        "bus_url",
        "kafka://host:port[,host:port], or postgresql://… for the embedded bus",
        _one_of("kafka://", *_POSTGRES),
        is_required=True,
    ),
    Variable(
        "LIANXI_STATE_DIR",
        "state_dir",
        "the folder of the node's own keys, closed to others",
        Path,
        is_required=True,
    ),
    Variable("LIANXI_LISTEN", "listen", f"host:port for callers; without it {DEFAULT_LISTEN}"),
    Variable("LIANXI_TLS_DIR", "tls_dir", "the folder with ca.pem, NODE.pem and NODE-key.pem", Path),
    Variable(
        "LIANXI_PLAINTEXT",
        "plaintext",
        "1 for callers without certificates, on loopback only",
        _read_flag,
        lambda _: "1",
    ),
    Variable(
        "LIANXI_BUS_TLS_DIR", "bus_tls_dir", "the same files for Kafka; without it the bus is reached in clear", Path
    ),
    Variable(
        "LIANXI_HISTORY_BEFORE",
        "history_before",
        "an instant with time zone: facts before it may be entered from older records",
        _read_instant,
        datetime.isoformat,
    ),
    Variable(
        LOCAL_RULES,
        "local_rules",
        "a TOML file of the figures that this place sets where the law leaves one open",
        lambda text: read_local_rules(Path(text)),
        lambda local: str(local.path),
    ),
    Variable(
        "LIANXI_CLOCK",
        "clock_spec",
        "VIRTUAL_START,REAL_START,RATE for a demonstration: a clock that runs faster",
        AcceleratedClock.parse,
    ),
)
