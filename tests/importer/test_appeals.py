"""A file of moments: fines with appeals, read as opinion, review and re-review, whatever order the moments come in."""

from pathlib import Path

import pytest

from domain.vocabulary import Provenance
from services.importer.calls import Tells
from services.importer.mapping_files import WrongMapping, load_mapping, parse_mapping
from services.importer.plan import Plan, Planner, cases_of
from services.importer.reading import Reject, Row, rows_of
from tests.domain.facts import on
from tests.importer.journeys import SAMPLES, duties, imported

APPEALS = load_mapping("appeals_roadtraffic")
APPEALS_CSV = SAMPLES / "appeals.csv"
SHIPPED = Path(__file__).parents[2] / "services" / "importer" / "mappings" / "appeals_roadtraffic.toml"
NOW = on("2024-01-01")


def cases() -> list[list[Row]]:
    found = list(cases_of(rows_of(APPEALS_CSV, APPEALS), APPEALS))
    assert not any(isinstance(one, Reject) for one in found)
    return [one for one in found if not isinstance(one, Reject)]


def planned(number: int) -> Plan:
    plan = Planner(APPEALS, NOW).plan(cases()[number])
    assert isinstance(plan, Plan)
    return plan


def calls(plan: Plan) -> list[tuple[str, str]]:
    return [(step.call.name, step.agency) for step in plan.steps]


def test_the_rows_of_a_case_are_put_together_and_each_moment_is_one_step() -> None:
    assert [len(rows) for rows in cases()] == [10, 7, 3, 2, 2]
    police, prefecture, judge = "municipal-police", "prefecture", "judge"
    assert calls(planned(0)) == [
        ("RegisterPetition", police),
        ("ClassifyPetition", police),
        ("AcceptPetition", police),
        ("IssueOpinion", police),
        ("ServeOpinion", police),
        ("RequestReview", prefecture),
        ("IssueReviewOpinion", prefecture),
        ("ServeReviewOpinion", prefecture),
        ("RequestReview", judge),
        ("IssueReviewOpinion", judge),
        ("ServeReviewOpinion", judge),
    ]


def test_what_no_row_states_is_marked_synthetic() -> None:
    synthetic = {step.call.name for step in planned(0).steps if step.provenance is Provenance.SYNTHETIC}
    assert synthetic == {
        "ClassifyPetition",
        "AcceptPetition",
        "IssueOpinion",
        "IssueReviewOpinion",
        "ServeReviewOpinion",
    }


def test_a_request_says_when_the_petition_was_first_received() -> None:
    asked = [step for step in planned(0).steps if step.call.name == "RequestReview"]
    assert [step.fields["first_received_time"] for step in asked] == [on("2011-03-01", "08:00")] * 2
    assert [step.fields["of_agency"] for step in asked] == ["municipal-police", "prefecture"]


def test_whoever_decides_waits_for_the_file_and_the_police_for_the_request() -> None:
    waits = {(step.call.name, step.agency): step.awaits for step in planned(1).steps}
    assert waits["IssueReviewOpinion", "prefecture"] is Tells.FILE
    # The appeal came before the notification: it has to be known there before that is entered.
    assert waits["ServeOpinion", "municipal-police"] is Tells.REVIEW_ASKED


def test_an_appeal_to_the_judge_before_the_result_was_notified_is_no_rereview() -> None:
    assert ("RequestReview", "judge") not in calls(planned(1))


def test_an_appeal_before_the_decision_is_no_review() -> None:
    assert calls(planned(2))[-1] == ("IssueOpinion", "municipal-police")
    assert ("RequestReview", "prefecture") not in calls(planned(2))


def test_a_case_whose_moments_go_back_in_time_is_rejected_whole() -> None:
    rejects = Planner(APPEALS, NOW).plan(cases()[4])
    assert not isinstance(rejects, Plan)
    assert [(reject.line, reject.field) for reject in rejects] == [(24, ""), (25, "time:timestamp")]


@pytest.mark.postgres
def test_review_and_rereview_are_driven_end_to_end_under_the_rules_of_their_year(tmp_path: Path) -> None:
    rejects = ("--rejects", str(tmp_path / "rejects.csv"))
    found = imported(APPEALS_CSV, "appeals_roadtraffic", "--standalone", *rejects)
    assert (found["rows"], found["imported"], found["rejected"], found["petitions"]) == (24, 20, 4, 3)
    owed = duties(found)
    assert {rule: owed[rule] for rule in ("D12", "D13", "D14", "D15")} == {
        # Asked on the thirtieth day; the window of the second case opened after it had been used.
        "D12": (0, 1, 0, 0),
        # Both answered, on the thirtieth day.
        "D13": (0, 2, 0, 0),
        # The thirtieth day, 12 June, was a Sunday: the Monday counts.
        "D14": (0, 1, 0, 0),
        # Asked on 13 June: 14 July was the day after the last.
        "D15": (0, 0, 1, 0),
    }
    assert {duty["rule_version"] for duty in found["duties"] if duty["rule"] in ("D12", "D13", "D14", "D15")} == {
        "2005"
    }
    assert "RECEIVED_BEFORE_RULES" in (tmp_path / "rejects.csv").read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('column = "activity"', 'column = "event"', r"moments\.column: \[columns\] has no word 'event'"),
        ('on = "moment"', 'on = "begin"', r"steps\[0\]\.on: a step of a mapping with \[moments\]"),
        ('at = ["Create Fine"]', "at = []", r"steps\[0\]\.at: name the moments"),
        ('name = "classified"', 'name = "registered"', r"steps\[1\]\.name: each step on a moment has a name"),
        (
            'after = ["registered"]',
            'after = ["served"]',
            r"steps\[1\]\.after: no step before this one is named 'served'",
        ),
        ('of_agency = "prefecture"', 'of_agency = "prefect"', r"steps\[8\]: \[\[agencies\]\] has no 'prefect'"),
        ('superior = "judge"', 'superior = "judges"', r"agencies\[1\]\.superior: \[\[agencies\]\] has no 'judges'"),
        ("[moments]", '[stream]\ntime = "time"\nagency = "case"\nended_when = {}\n[moments]', "not both"),
    ],
)
def test_a_mistake_is_named_by_its_key(old: str, new: str, said: str) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(WrongMapping, match=said):
        parse_mapping(text.replace(old, new, 1))
