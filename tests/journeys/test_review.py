"""A petition on its whole road: opinion, review, revocation, redo, review, re-review with a hearing, end. Arts. 32-36.

Four agencies on nodes of their own, in processes of their own, called as their systems would call them.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID

import pytest

from domain.case import case_id_of
from domain.vocabulary import AgencyKind
from lianxi.agency.v1 import case_service_pb2 as pb
from lianxi.type.v1 import vocabulary_pb2 as words
from services.kit.city import EmbeddedCity, Site
from services.kit.settings import ServedAgency
from tests.agency.desk import TEXT, Desk

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

SUPERIORS = {"petitions": None, "housing": "city-housing", "city-housing": "province-housing", "province-housing": None}
ARRIVAL_SECONDS_MAX = 30.0
LOOK_SECONDS = 0.05


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Desk]]:
    """The desks of four agencies, each on a node of its own."""
    sites = [
        Site(
            f"node-{agency}",
            (ServedAgency(agency=agency, kind=AgencyKind.AGENCY, name_zh="某局", name=agency, superior=superior),),
        )
        for agency, superior in SUPERIORS.items()
    ]
    folder = tmp_path_factory.mktemp("review") / "city"
    with EmbeddedCity(folder, sites, durable=False) as city, ExitStack() as opened:
        yield {
            agency: opened.enter_context(Desk(int(city.address(agency).rpartition(":")[2]), city.caller_tls(agency)))
            for agency in SUPERIORS
        }


class Petition:
    """One petition; what each agency does on its own case of it."""

    def __init__(self, desks: dict[str, Desk]) -> None:
        self._desks = desks
        receipt = desks["petitions"].act("RegisterPetition")
        self.petition_id = str(receipt.petition_id)
        self.received_time = self.case("petitions").first_received_time

    def case_id(self, agency: str) -> str:
        return str(case_id_of(UUID(self.petition_id), agency))

    def case(self, agency: str) -> pb.Case:
        found: pb.Case = self._desks[agency].ask(
            "GetCase", pb.GetCaseRequest(agency=agency, case_id=self.case_id(agency))
        )
        return found

    def act(self, agency: str, rpc: str, **fields: Any) -> Any:
        return self._desks[agency].act(rpc, self.case_id(agency), **fields)

    def refused(self, agency: str, rpc: str, **fields: Any) -> str:
        return self._desks[agency].refused(rpc, self.case_id(agency), **fields).reason

    def ask_review(self, agency: str, of_agency: str, stage: int) -> None:
        """The petitioner asks; the file comes up by itself."""
        self._desks[agency].act("RequestReview", **self.request(of_agency, stage))
        self.await_case(agency, "reviewing", has_file=True)

    def request(self, of_agency: str, stage: int) -> dict[str, Any]:
        return {
            "petition_id": self.petition_id,
            "stage": stage,
            "of_agency": of_agency,
            "first_received_time": self.received_time,
        }

    def await_case(self, agency: str, phase: str, *, has_file: bool = False) -> None:
        """Wait until the post between the nodes has brought the case there."""
        deadline = time.monotonic() + ARRIVAL_SECONDS_MAX
        while True:
            found = self.case(agency) if self._has_case(agency) else pb.Case()
            if found.phase == phase and found.review.has_file >= has_file:
                return
            assert time.monotonic() < deadline, f"{agency} is still {found.phase or 'without a case'}"
            time.sleep(LOOK_SECONDS)

    def _has_case(self, agency: str) -> bool:
        listed = self._desks[agency].ask("ListCases", pb.ListCasesRequest(agency=agency, page_size=500))
        return any(case.case_id == self.case_id(agency) for case in listed.cases)

    def reach_the_handler(self) -> None:
        """Hand it down to the housing bureau, which accepts it."""
        self.act("petitions", "ClassifyPetition")
        self.act("petitions", "HandOff", to_agency="housing")
        self.await_case("housing", "open")
        self.act("housing", "AcceptPetition")

    def give_opinion(self, outcome: int) -> None:
        self.act("housing", "IssueOpinion", outcome=outcome)
        self.act("housing", "ServeOpinion")


def test_arts_32_to_36_the_whole_road_through_review_and_rereview(desks: dict[str, Desk]) -> None:
    petition = Petition(desks)
    petition.reach_the_handler()
    petition.give_opinion(words.OUTCOME_NOT_SUPPORT)

    petition.ask_review("city-housing", "housing", words.REVIEW_STAGE_REVIEW)
    petition.await_case("housing", "under_review")
    # The petition's key came with the file: the reviewer reads what the petitioner wrote.
    opened = petition.act("city-housing", "UnsealMaterials", purpose=words.PURPOSE_REVIEW)
    assert (opened.content, opened.erased) == (TEXT, False)
    petition.act("city-housing", "IssueReviewOpinion", result=words.REVIEW_RESULT_REVOKE)
    petition.act("city-housing", "ServeReviewOpinion")

    petition.await_case("housing", "accepted")
    petition.give_opinion(words.OUTCOME_EXPLAIN)
    petition.ask_review("city-housing", "housing", words.REVIEW_STAGE_REVIEW)
    assert petition.refused("city-housing", "DeclineReview") == "WINDOW_NOT_LAPSED"
    petition.act("city-housing", "IssueReviewOpinion", result=words.REVIEW_RESULT_UPHOLD)
    petition.act("city-housing", "ServeReviewOpinion")

    petition.ask_review("province-housing", "city-housing", words.REVIEW_STAGE_REREVIEW)
    petition.await_case("city-housing", "under_review")
    opened = petition.act("province-housing", "UnsealMaterials", purpose=words.PURPOSE_REVIEW)
    assert opened.content == TEXT
    petition.act("province-housing", "OpenHearing")
    change = {"result": words.REVIEW_RESULT_CHANGE, "outcome": words.OUTCOME_SUPPORT}
    assert petition.refused("province-housing", "IssueReviewOpinion", **change) == "HEARING_OPEN"
    petition.act("province-housing", "CloseHearing")
    petition.act("province-housing", "IssueReviewOpinion", **change)
    petition.act("province-housing", "ServeReviewOpinion")

    assert petition.case("province-housing").phase == "ended"
    again = petition.request("city-housing", words.REVIEW_STAGE_REREVIEW)
    assert desks["province-housing"].refused("RequestReview", **again).reason == "ALREADY_REVIEWED"
    _await_outcome(petition)


def _await_outcome(petition: Petition) -> None:
    """The last word reaches the bureau, which now has to carry it out, Art. 32(2)."""
    deadline = time.monotonic() + ARRIVAL_SECONDS_MAX
    while petition.case("housing").outcome != words.OUTCOME_SUPPORT:
        assert time.monotonic() < deadline
        time.sleep(LOOK_SECONDS)
    assert petition.case("housing").awaits_execution


def test_art_35_a_text_cannot_be_sealed_before_the_file_brought_the_key(desks: dict[str, Desk]) -> None:
    petition = Petition(desks)
    # The bureau never had this petition: its node keeps the request for an operator, and no file comes.
    desks["city-housing"].act("RequestReview", **petition.request("housing", words.REVIEW_STAGE_REVIEW))
    assert petition.refused("city-housing", "IssueReviewOpinion") == "FILE_NOT_THERE"
    opened = petition.act("city-housing", "UnsealMaterials", purpose=words.PURPOSE_REVIEW)
    assert (opened.content, opened.erased) == ("", False)


def test_art_35_only_the_next_agency_above_is_asked(desks: dict[str, Desk]) -> None:
    petition = Petition(desks)
    refused = desks["province-housing"].refused(
        "RequestReview", **petition.request("housing", words.REVIEW_STAGE_REVIEW)
    )
    assert (refused.reason, refused.article, refused.field) == ("NOT_THE_NEXT_HIGHER", "Arts. 35, 36(1)", "of_agency")
    without = desks["housing"].refused("RequestReview", **petition.request("petitions", words.REVIEW_STAGE_REVIEW))
    assert without.reason == "SUPERIOR_UNKNOWN"
    missing = desks["city-housing"].refused(
        "RequestReview", **petition.request("housing", words.REVIEW_STAGE_REVIEW) | {"petition_id": ""}
    )
    assert missing.violations == ("petition_id",)
