"""Jurisdiction at its edges: offices that are parties themselves, heirs of another kind and heirs nobody has listed."""

from datetime import date

import pytest

from domain.jurisdiction import Agencies, Agency
from domain.vocabulary import AgencyKind

TODAY = date(2026, 3, 2)
CITY = "990100"


def agency(name: str, superior: str | None = None, kind: AgencyKind = AgencyKind.AGENCY, *heirs: str) -> Agency:
    return Agency(name, kind, CITY, superior, None, TODAY if heirs else None, heirs)


OFFICE = agency("joint-office", kind=AgencyKind.JOINT_MEETING_OFFICE)


def test_art_24_1_an_office_that_is_a_party_to_the_dispute_still_is_the_common_office() -> None:
    town = Agencies((OFFICE, agency("housing")))
    assert town.common_office(("joint-office", "housing"), TODAY) == "joint-office"


@pytest.mark.parametrize(
    "kind", [AgencyKind.PETITION_DEPARTMENT, AgencyKind.JOINT_MEETING_OFFICE, AgencyKind.POLITICAL_LEGAL_ORGAN]
)
def test_art_30_3_an_heir_of_another_kind_is_kept_from_what_accuses_its_predecessor(kind: AgencyKind) -> None:
    town = Agencies((agency("housing", None, AgencyKind.AGENCY, "heir"), agency("heir", kind=kind)))
    assert town.reaches(["housing"], "heir")


@pytest.mark.parametrize("kind", [AgencyKind.DISCIPLINE_ORGAN, AgencyKind.PARTY_OR_GOVERNMENT])
def test_art_30_3_who_judges_or_governs_is_kept_only_if_it_follows_one_of_its_own_kind(kind: AgencyKind) -> None:
    heir = agency("heir", kind=kind)
    assert not Agencies((agency("housing", None, AgencyKind.AGENCY, "heir"), heir)).reaches(["housing"], "heir")
    assert Agencies((agency("old", None, kind, "heir"), heir)).reaches(["old"], "heir")


def test_art_30_3_an_heir_that_the_directory_does_not_list_yet_is_kept_too() -> None:
    town = Agencies((agency("housing", None, AgencyKind.AGENCY, "tomorrows-housing"),))
    assert town.reaches(["housing"], "tomorrows-housing")
