"""Jurisdiction: whatever the directory declares, circles included, the answers keep to Arts. 24, 30(3), 35 and 36."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.jurisdiction import NATION, NO_AGENCIES, Agencies, Agency, enclosing, level_of
from domain.vocabulary import AgencyKind, AgencyLevel

TODAY = date(2026, 3, 2)
LAST_YEAR, NEXT_YEAR = TODAY - timedelta(days=365), TODAY + timedelta(days=365)
CITY, DISTRICT, OTHER_DISTRICT = "990100", "990101", "990102"


def agency(
    name: str,
    superior: str | None = None,
    division: str | None = CITY,
    kind: AgencyKind = AgencyKind.AGENCY,
    abolished: date | None = None,
    successors: tuple[str, ...] = (),
) -> Agency:
    return Agency(name, kind, division, superior, None, abolished, successors)


GOVERNMENT = agency("government", kind=AgencyKind.PARTY_OR_GOVERNMENT)
OFFICE = agency("joint-office", "government", kind=AgencyKind.JOINT_MEETING_OFFICE)
BUREAUS = (
    GOVERNMENT,
    OFFICE,
    agency("housing", "government"),
    agency("housing-east", "housing", DISTRICT),
    agency("housing-west", "housing", OTHER_DISTRICT),
    agency("water", "government"),
)
WANGSHU = Agencies(BUREAUS)


# --- levels ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("division", "level"),
    [
        (NATION, AgencyLevel.NATIONAL),
        ("990000", AgencyLevel.PROVINCE),
        (CITY, AgencyLevel.CITY),
        (DISTRICT, AgencyLevel.COUNTY),
    ],
)
def test_the_code_of_the_division_says_the_level(division: str, level: AgencyLevel) -> None:
    assert level_of(division) == agency("any", division=division).level == level


def test_divisions_enclose_each_other_up_to_the_nation() -> None:
    assert list(enclosing(DISTRICT)) == [DISTRICT, CITY, "990000", NATION]
    assert list(enclosing(NATION)) == [NATION]
    assert agency("any", division=None).level is None


# --- above and below ------------------------------------------------------------------------------------------------


def test_a_review_is_asked_of_the_next_agency_above_and_a_rereview_of_the_one_above_that() -> None:
    assert WANGSHU.next_higher("housing-east", TODAY) == "housing"
    assert WANGSHU.next_higher("housing", TODAY) == "government"
    assert WANGSHU.next_higher("government", TODAY) is None
    assert WANGSHU.next_higher("nobody", TODAY) is None


def test_a_dispute_goes_to_the_nearest_agency_above_all_who_dispute() -> None:
    assert WANGSHU.common_superior(["housing-east", "housing-west"], TODAY) == "housing"
    assert WANGSHU.common_superior(["housing-east", "water"], TODAY) == "government"
    assert WANGSHU.common_superior(["housing", "housing-east"], TODAY) == "government"
    assert WANGSHU.common_superior(["water", "government"], TODAY) is None
    assert WANGSHU.common_superior([], TODAY) is None


def test_without_a_common_superior_the_common_joint_meeting_coordinates() -> None:
    apart = Agencies((*BUREAUS, agency("railway", division=DISTRICT)))
    assert apart.common_superior(["railway", "water"], TODAY) is None
    assert apart.common_office(["railway", "water"], TODAY) == "joint-office"


def test_an_agencys_office_is_that_of_its_own_level_or_else_of_the_nearest_level_above() -> None:
    own = agency("office-east", "joint-office", DISTRICT, AgencyKind.JOINT_MEETING_OFFICE)
    city = Agencies((*BUREAUS, own))
    assert city.office_of("housing-east", TODAY) == "office-east"
    assert city.office_of("housing-west", TODAY) == "joint-office"
    assert city.office_of("joint-office", TODAY) == "joint-office"
    assert Agencies((agency("alone"),)).office_of("alone", TODAY) is None


def test_an_agency_without_a_division_has_the_office_of_its_superior() -> None:
    city = Agencies((*BUREAUS, agency("pump-station", "housing-east", None)))
    assert city.office_of("pump-station", TODAY) == "joint-office"


def test_a_directory_without_any_divisions_has_its_one_office() -> None:
    plain = Agencies((agency("a1", division=None), OFFICE._replace(division=None, superior=None)))
    assert plain.office_of("a1", TODAY) == "joint-office"


def test_who_is_competent_is_who_stands_in_the_division_on_that_day() -> None:
    gone = agency("old-water", abolished=LAST_YEAR, successors=("water",))
    city = Agencies((*BUREAUS, gone, Agency("new", AgencyKind.AGENCY, CITY, None, NEXT_YEAR)))
    assert city.competent(CITY, AgencyKind.AGENCY, TODAY) == ("housing", "water")
    assert city.competent(CITY, AgencyKind.AGENCY, NEXT_YEAR) == ("housing", "new", "water")
    assert city.competent(CITY, AgencyKind.AGENCY, LAST_YEAR - timedelta(days=1)) == ("housing", "old-water", "water")


# --- split, merger and abolition ------------------------------------------------------------------------------------


def test_whoever_carries_on_the_powers_takes_in_what_a_split_agency_had() -> None:
    split = agency("planning", "government", abolished=TODAY, successors=("land", "housing"))
    city = Agencies((*BUREAUS, split, agency("land", "government")))
    assert city.successor("planning", TODAY - timedelta(days=1)) == ()
    assert city.successor("planning", TODAY) == ("land", "housing")
    assert city.successor("land", TODAY) == city.successor("nobody", TODAY) == ()


def test_a_chain_of_mergers_is_followed_to_whoever_stands_today() -> None:
    first = agency("first", abolished=LAST_YEAR, successors=("second", "water"))
    second = agency("second", abolished=TODAY, successors=("third",))
    city = Agencies((*BUREAUS, first, second, agency("third")))
    assert city.successor("first", LAST_YEAR) == ("second", "water")
    assert city.successor("first", TODAY) == ("third", "water")


def test_where_nobody_carries_the_powers_on_the_government_of_the_own_level_receives() -> None:
    city = Agencies((*BUREAUS, agency("pumps", "housing", abolished=TODAY)))
    assert city.successor("pumps", TODAY) == ("government",)
    assert Agencies((agency("pumps", division=None, abolished=TODAY), GOVERNMENT)).successor("pumps", TODAY) == ()


def test_the_first_heir_of_an_abolished_superior_is_the_next_above() -> None:
    heirs = tuple(
        one._replace(abolished=TODAY, successors=("homes", "water")) if one.agency == "housing" else one
        for one in BUREAUS
    )
    city = Agencies((*heirs, agency("homes", "government")))
    assert city.next_higher("housing-east", TODAY - timedelta(days=1)) == "housing"
    assert city.next_higher("housing-east", TODAY) == "homes"
    assert city.common_superior(["housing-east", "housing-west"], TODAY) == "homes"
    assert city.is_under("housing-east", "homes")
    assert city.is_under("housing-east", "water")


def test_before_an_agency_is_founded_nobody_succeeds_it_and_it_leads_nobody() -> None:
    founded = Agency("homes", AgencyKind.AGENCY, CITY, "government", NEXT_YEAR, None, ("water",))
    city = Agencies((*BUREAUS, founded, agency("homes-east", "homes", DISTRICT)))
    assert city.successor("homes", TODAY) == ()
    assert city.next_higher("homes-east", NEXT_YEAR) == "homes"


def test_a_superior_that_left_nobody_is_passed_over() -> None:
    gone = tuple(one._replace(abolished=TODAY) if one.agency == "housing" else one for one in BUREAUS)
    assert Agencies(gone).next_higher("housing-east", TODAY) == "government"


def test_an_agency_that_takes_over_from_its_superior_is_not_above_itself() -> None:
    gone = tuple(
        one._replace(abolished=TODAY, successors=("housing-east",)) if one.agency == "housing" else one
        for one in BUREAUS
    )
    assert Agencies(gone).next_higher("housing-east", TODAY) == "government"
    assert Agencies(gone).next_higher("housing-west", TODAY) == "housing-east"


# --- the accused ----------------------------------------------------------------------------------------------------


def test_an_accusation_reaches_the_accused_what_it_leads_and_whoever_succeeds_it() -> None:
    gone = agency("planning", abolished=TODAY, successors=("land",))
    city = Agencies((*BUREAUS, gone, agency("land"), agency("land-east", "land", DISTRICT)))
    reached = [one.agency for one in city if city.reaches(["housing"], one.agency)]
    assert reached == ["housing", "housing-east", "housing-west"]
    assert [one.agency for one in city if city.reaches(["planning"], one.agency)] == ["land", "land-east", "planning"]
    assert city.reaches(["elsewhere", "water"], "water")
    assert not city.reaches(["housing-east"], "housing")
    assert not city.reaches([], "housing")


@pytest.mark.parametrize("heir", ["discipline", "government", "housing"])
def test_nobody_escapes_its_judges_or_superiors_by_naming_them_as_its_heirs(heir: str) -> None:
    discipline = agency("discipline", "government", kind=AgencyKind.DISCIPLINE_ORGAN)
    for superior in (None, "housing-east"):
        cunning = agency("cunning", superior, DISTRICT, successors=(heir, "water"))
        city = Agencies((*BUREAUS, discipline, cunning))
        assert city.reaches(["cunning"], "water")
        assert not city.reaches(["cunning"], "discipline")
        assert city.reaches(["cunning"], "housing") == (heir == "housing" and superior is None)


def test_a_directory_that_says_nothing_still_keeps_it_from_the_accused_itself() -> None:
    assert NO_AGENCIES.reaches(["housing"], "housing")
    assert not NO_AGENCIES.reaches(["housing"], "water")
    assert (NO_AGENCIES.find("housing"), len(NO_AGENCIES)) == (None, 0)


# --- whatever is declared -------------------------------------------------------------------------------------------

JUDGES = (AgencyKind.PARTY_OR_GOVERNMENT, AgencyKind.DISCIPLINE_ORGAN)
NAMES = [f"a{number}" for number in range(9)]
DAYS = st.sampled_from([LAST_YEAR, TODAY, NEXT_YEAR])


@st.composite
def directories(draw: st.DrawFn, *, circles: bool) -> Agencies:
    """Agencies that lead, split, merge and end; without circles a superior and an heir come earlier in the list."""
    declared = []
    for number, name in enumerate(NAMES):
        others = [one for one in (NAMES if circles else NAMES[:number]) if one != name or circles]
        abolished = draw(st.none() | DAYS)
        declared.append(
            Agency(
                name,
                draw(st.sampled_from(AgencyKind)),
                draw(st.none() | st.sampled_from([NATION, "990000", CITY, DISTRICT])),
                draw(st.none() | st.sampled_from(others)) if others else None,
                draw(st.none() | DAYS),
                abolished,
                tuple(draw(st.lists(st.sampled_from(others), max_size=3, unique=True))) if others else (),
            )
        )
    return Agencies(declared)


@given(directories(circles=True), st.lists(st.sampled_from(NAMES), min_size=1, max_size=3), DAYS)
def test_the_common_superior_is_above_all_even_where_superiors_run_in_a_circle(
    city: Agencies, parties: list[str], on: date
) -> None:
    found = city.common_superior(parties, on)
    if found is not None:
        assert found not in parties
        assert all(city.is_under(one, found) for one in parties)


@given(directories(circles=False), st.lists(st.sampled_from(NAMES), min_size=1, max_size=3), DAYS)
def test_no_agency_between_the_parties_and_their_common_superior_is_above_all(
    city: Agencies, parties: list[str], on: date
) -> None:
    found = city.common_superior(parties, on)
    ladders: list[list[str]] = []
    for one in parties:
        step = city.next_higher(one, on)
        ladders.append([])
        while step is not None:
            ladders[-1].append(step)
            step = city.next_higher(step, on)
    shared = [one for one in ladders[0] if one not in parties and all(one in ladder for ladder in ladders)]
    assert found == (shared[0] if shared else None)
    assert all(found is None or one == found or one in ladders[0][ladders[0].index(found) :] for one in shared)


@given(directories(circles=True), st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_who_is_under_one_under_another_is_under_that_one_too(city: Agencies, low: str, middle: str, high: str) -> None:
    if city.is_under(low, middle) and city.is_under(middle, high):
        assert city.is_under(low, high)


def passes_to_judges(city: Agencies, name: str) -> bool:
    """Whether a superior or a judge takes over somewhere on the way: an accusation may still go there."""
    chain = [name]
    for gone in map(city.find, chain):
        chain += [heir for heir in (gone.successors if gone else ()) if heir not in chain]
    links = [(one, heir) for one in city if one.agency in chain for heir in map(city.find, one.successors) if heir]
    return any(heir.kind in JUDGES or city.is_under(one.agency, heir.agency) for one, heir in links)


@given(directories(circles=True), st.sampled_from(NAMES), DAYS)
def test_whatever_answers_for_an_agency_on_a_day_stands_on_that_day_and_is_protected_against(
    city: Agencies, name: str, on: date
) -> None:
    known = city.find(name)
    assert known is not None
    heirs = city.successor(name, on)
    assert name not in heirs
    assert not heirs or (known.abolished is not None and known.abolished <= on)
    for heir in heirs:
        found = city.find(heir)
        assert found is not None
        assert found.stands(on)
        assert city.is_under(heir, name) or found.kind in JUDGES or passes_to_judges(city, name)
    above = city.next_higher(name, on)
    if above is not None:
        assert above != name
        assert city.is_under(name, above)
        assert city.reaches([above], name)
    office = city.office_of(name, on)
    if office is not None:
        found = city.find(office)
        assert found is not None
        assert found.kind is AgencyKind.JOINT_MEETING_OFFICE
        assert found.stands(on)
