"""How the journeys run `lianxi import`: as a person would, in a process of its own."""

import json
import subprocess
from pathlib import Path
from typing import Any

from lianxi.office.v1.office_service_pb2 import GetOverviewRequest, Overview
from lianxi.office.v1.office_service_pb2_grpc import OfficeServiceStub
from services.importer.mapping_files import load_mapping
from services.importer.standalone import OFFICE
from services.kit.city import EmbeddedCity, lianxi
from services.kit.rpc.client import Credentials, call

SAMPLES = Path(__file__).parent / "samples"
MESSAGES, HANDOVERS = load_mapping("messages_with_replies"), load_mapping("handovers_bpic2013")

Finished = subprocess.CompletedProcess[str]


def command(file: Path, mapping: str, *options: str) -> list[str]:
    return lianxi("import", str(file), "--mapping", mapping, *options)


def run(file: Path, mapping: str, *options: str) -> Finished:
    return subprocess.run(command(file, mapping, *options), capture_output=True, text=True, check=False, timeout=200)


def imported(file: Path, mapping: str, *options: str) -> dict[str, Any]:
    """Import with `--json` and return the object; trouble fails the test with what the command said."""
    done = run(file, mapping, "--json", *options)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def into(city: EmbeddedCity) -> list[str]:
    """The options that name a living system."""
    nodes = [site.node for site in city.sites if not site.is_office]
    named = [option for node in nodes for option in ("--address", f"{node}={city.settings[node].listen}")]
    return [*named, "--office-address", city.address(OFFICE.agency), "--certs", str(city.certificates)]


def overview(city: EmbeddedCity) -> Overview:
    caller = Credentials.of(city.certificates).of_agency(OFFICE.agency)
    with caller.connect(city.address(OFFICE.agency)) as channel:
        return call(OfficeServiceStub(channel).GetOverview, GetOverviewRequest(), caller, timeout_seconds=30)


def facts_of_agencies(city: EmbeddedCity) -> int:
    """How many facts the agencies' nodes have on record; the office's own, about missed dates, come by themselves."""
    office = city.node_of(OFFICE.agency)
    return sum(node.last_position for node in overview(city).nodes if node.node != office)


def duties(found: dict[str, Any]) -> dict[str, tuple[int, int, int, int]]:
    """The duties of the object by rule: open, met, late, breached."""
    return {duty["rule"]: (duty["open"], duty["met"], duty["late"], duty["breached"]) for duty in found["duties"]}
