"""The callers that `commands.py` measures with: threads that each lead petitions from receipt to service, one by one.

`python -m tests.benchmarks.command_clients PORT CLIENTS SECONDS` prints one JSON object: the commands that were
acknowledged, the seconds they took, and the latencies at the 50th and 99th of a hundred, in milliseconds.
"""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

from google.protobuf.message import Message

from lianxi.agency.v1 import case_service_pb2 as pb
from lianxi.agency.v1 import case_service_pb2_grpc as pb_grpc
from lianxi.type.v1 import vocabulary_pb2 as words
from services.kit.identity import CLAIM_KEY, channel

AGENCY, OTHER_AGENCY = "housing", "water"
TEXT = "信访人反映小区供水管道年久失修,多次报修未果,要求有关部门尽快处理并书面答复。" * 4
CALL_SECONDS_MAX = 10.0
WARM_UP_SECONDS = 1.0

Step = tuple[str, Callable[[pb.CommandHeader], Message]]

_OPENING: tuple[Step, ...] = (
    (
        "RegisterPetition",
        lambda header: pb.RegisterPetitionRequest(
            header=header, channel=words.CHANNEL_LETTER, petitioner="王某某,身份证号与住址从略", content=TEXT
        ),
    ),
    ("ClassifyPetition", lambda header: pb.ClassifyPetitionRequest(header=header, category=words.CATEGORY_APPEAL)),
)
HANDED_ON: tuple[Step, ...] = (
    *_OPENING,
    (
        "HandOff",
        lambda header: pb.HandOffRequest(header=header, kind=words.HANDOFF_KIND_TRANSFER, to_agency=OTHER_AGENCY),
    ),
)
HANDLED: tuple[Step, ...] = (
    *_OPENING,
    ("NotifyReceipt", lambda header: pb.NotifyReceiptRequest(header=header, method=words.SERVICE_METHOD_POST)),
    (
        "AcceptPetition",
        lambda header: pb.AcceptPetitionRequest(header=header, route=words.ROUTE_PETITION_PROCEDURE),
    ),
    (
        "IssueOpinion",
        lambda header: pb.IssueOpinionRequest(
            header=header,
            outcome=words.OUTCOME_SUPPORT,
            legal_bases=["城市供水条例 第二十条"],
            facts=TEXT,
            opinion=TEXT,
        ),
    ),
    (
        "ServeOpinion",
        lambda header: pb.ServeOpinionRequest(header=header, method=words.SERVICE_METHOD_POST, proof="post:EK123"),
    ),
)


def lead_petitions(stub: Any) -> Iterator[float]:
    """Lead petition after petition through its steps; yield what each command took, in seconds."""
    while True:
        for steps in (HANDLED, HANDED_ON):
            case_id = ""
            for rpc, build in steps:
                header = pb.CommandHeader(request_id=str(uuid4()), case_id=case_id)
                request = build(header)
                start = time.perf_counter()
                case_id = getattr(stub, rpc)(request, timeout=CALL_SECONDS_MAX, metadata=((CLAIM_KEY, AGENCY),)).case_id
                yield time.perf_counter() - start


def measure(port: int, clients: int, seconds: float) -> dict[str, float]:
    """Let so many clients work for so long; only what falls between warm-up and end is counted."""
    counted: list[float] = []
    begin = time.perf_counter() + WARM_UP_SECONDS
    end = begin + seconds

    def work() -> None:
        with channel(f"127.0.0.1:{port}", None, plaintext=True) as connection:
            for latency in lead_petitions(pb_grpc.CaseServiceStub(connection)):
                now = time.perf_counter()
                if now >= end:
                    return
                if now >= begin:
                    counted.append(latency)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counted.sort()
    return {
        "commands": len(counted),
        "commands_per_second": len(counted) / seconds,
        "p50_ms": counted[len(counted) // 2] * 1000,
        "p99_ms": counted[len(counted) * 99 // 100] * 1000,
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))))
