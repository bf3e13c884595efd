"""From rows to calls: the steps of each kind of row, what marks them, and what is rejected before anything is sent."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.vocabulary import Provenance
from services.importer.agencies import Finder, agencies_from
from services.importer.mapping import AgenciesFromColumn, Mapping, StepTemplate
from services.importer.mapping_files import load_mapping
from services.importer.plan import Plan, Planner, cases_of
from services.importer.reading import Reject, Row, rows_of
from tests.importer.letters import Agencies

SAMPLES = Path(__file__).parent / "samples"
MESSAGES = load_mapping("messages_with_replies")
HANDOVERS = load_mapping("handovers_bpic2013")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROW = {
    "number": "1",
    "author": "U1",
    "subject": "路灯不亮",
    "asked": "2019/3/1 9:30:00",
    "text": "门前路灯坏了。",
    "reply": "已安排维修。",
    "answered": "2019/3/20 10:00:00",
}


def plan_of(**changes: str) -> Plan | tuple[Reject, ...]:
    return Planner(MESSAGES, NOW).plan([Row(2, ROW | changes)])


def steps_of(**changes: str) -> list[str]:
    plan = plan_of(**changes)
    assert isinstance(plan, Plan)
    return [f"{step.call.name} {step.agency} {step.provenance}" for step in plan.steps]


def test_a_message_is_registered_accepted_at_receipt_and_answered() -> None:
    assert steps_of() == [
        "RegisterPetition city-office imported",
        "ClassifyPetition city-office synthetic",
        "AcceptPetition city-office synthetic",
        "IssueOpinion city-office synthetic",
        "ServeOpinion city-office imported",
    ]


def test_a_reply_that_names_a_bureau_hands_the_petition_to_it() -> None:
    assert steps_of(reply="您反映的问题已转交市住建局核实。")[2:4] == [
        "HandOff city-office synthetic",
        "AcceptPetition housing-bureau synthetic",
    ]


def test_an_unanswered_message_stays_accepted() -> None:
    assert steps_of(reply="", answered="")[-1] == "AcceptPetition city-office synthetic"


def test_times_are_those_of_shanghai_and_a_day_without_a_clock_begins_at_midnight() -> None:
    plan = plan_of(asked="2019/3/1", answered="2019-03-02T08:00:00")
    assert isinstance(plan, Plan)
    assert plan.steps[0].occurred_time == datetime(2019, 2, 28, 16, 0, tzinfo=UTC)
    assert plan.steps[-1].occurred_time == datetime(2019, 3, 2, 0, 0, tzinfo=UTC)


def test_personal_text_stands_only_in_fields_that_are_sealed() -> None:
    plan = plan_of(author="张三", subject="某某", text="我的电话是", reply="张三您好")
    assert isinstance(plan, Plan)
    for step in plan.steps:
        clear = {name: value for name, value in step.fields.items() if name not in step.call.sealed_fields}
        assert not any(text in str(clear) for text in ("张三", "某某", "电话"))


def test_the_same_row_makes_the_same_calls() -> None:
    assert plan_of() == plan_of()


def test_another_row_makes_other_ids() -> None:
    one, other = plan_of(), plan_of(number="2")
    assert isinstance(one, Plan)
    assert isinstance(other, Plan)
    ids = [step.request_id for plan in (one, other) for step in plan.steps]
    assert len({*ids, one.petition_id, other.petition_id}) == len(ids) + 2


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"asked": "三月一日"}, "留言时间", "not a time"),
        ({"answered": "2019/2/28 10:00:00"}, "答复时间", "before the step that comes before it"),
        ({"answered": "2031/1/1 10:00:00"}, "答复时间", "in the future"),
        ({"reply": ""}, "", "IssueOpinion needs opinion"),
    ],
)
def test_a_row_that_cannot_be_is_rejected_before_anything_is_sent(
    changes: dict[str, str], field: str, reason: str
) -> None:
    rejected = plan_of(**changes)
    assert isinstance(rejected, tuple)
    assert [(reject.line, reject.field) for reject in rejected] == [(2, field)]
    assert reason in rejected[0].reason


def test_a_row_that_names_an_agency_of_no_mapping_is_rejected_alone() -> None:
    def to_column(step: StepTemplate) -> StepTemplate:
        return step.model_copy(update={"fields": {**step.fields, "to_agency": "{number}"}, "when": ()})

    steps = tuple(to_column(step) if step.call == "HandOff" else step for step in MESSAGES.steps)
    planner = Planner(MESSAGES.model_copy(update={"steps": steps}), NOW)
    assert planner.plan([Row(2, ROW)]) == (Reject(2, "留言编号", "the mapping lists no agency of this id"),)
    assert isinstance(planner.plan([Row(3, ROW | {"number": "housing-bureau"})]), Plan)


@pytest.mark.parametrize(
    ("reply", "agency"),
    [
        ("您反映的问题已转市教育局调查处理。", "education-bureau"),
        ("情况已转交县公安局。", "public-security-bureau"),
        ("留言收悉,已转有关部门答复反馈。", "other-bureau"),
        ("留言收悉,并转交教育部门办理。", "education-bureau"),
        ("有关问题已交办交通运输局办理。", "transport-bureau"),
        ("该问题已转清水镇人民政府办理。", "township-government"),
        ("问题已转B2区调查。", "district-government"),
        ("已转交至环保局、国土局办理。", "environment-bureau"),
        ("您的留言转由我局办理。", "other-bureau"),
        ("作出批示,交由城市管理局办理。", "urban-management-bureau"),
        ("问题转相关部门处理。", "other-bureau"),
        ("您反映的问题已移交区人民法院。", "justice-organ"),
    ],
)
def test_a_reply_says_in_many_ways_to_whom_a_matter_went(reply: str, agency: str) -> None:
    assert Finder(MESSAGES).words(ROW | {"reply": reply})["bureau"] == agency


@pytest.mark.parametrize(
    "reply",
    [
        "幼儿园已移交区教育局管理。",
        "因此只在已流转区域施工。",
        "职能已划转至人社部门。",
        "车辆经此右转进入小区。",
        "转学材料交学校审核。",
        "观念已转变。",
        "待天气转晴后施工。",
    ],
)
def test_other_turns_are_no_handoff(reply: str) -> None:
    assert "bureau" not in Finder(MESSAGES).words(ROW | {"reply": reply})


def test_a_reply_may_say_that_the_matter_is_outside_the_bodys_powers() -> None:
    plan = plan_of(reply="该问题不属于我局管辖范围,请向铁路部门反映。")
    assert isinstance(plan, Plan)
    issued = next(step for step in plan.steps if step.call.name == "IssueOpinion")
    assert issued.fields["legal_bases"] == ("2005 Regulations Art. 22(1)",)


def test_every_plan_of_the_sample_is_what_the_domain_allows() -> None:
    plans = [
        Planner(MESSAGES, NOW).plan(case)
        for case in cases_of(rows_of(SAMPLES / "messages.csv", MESSAGES), MESSAGES)
        if not isinstance(case, Reject)
    ]
    for plan in plans:
        if isinstance(plan, Plan):
            Agencies(plan.petition_id, choose=lambda _: 0).follow(plan)
    assert sum(isinstance(plan, Plan) for plan in plans) == 9


# --- streams --------------------------------------------------------------------------------------------------------


def test_a_stream_is_put_together_by_its_key_and_rejected_as_a_whole() -> None:
    cases = list(cases_of(rows_of(SAMPLES / "handovers.csv", HANDOVERS), HANDOVERS))
    plans = {
        case[0].cells["case"]: Planner(HANDOVERS, NOW).plan(case) for case in cases if not isinstance(case, Reject)
    }
    assert [key for key, plan in plans.items() if isinstance(plan, Plan)] == ["1-1", "1-2", "1-4"]
    assert plans["1-3"] == (
        Reject(9, "", "the case is rejected for its row on line 10"),
        Reject(10, "time:timestamp", "the time lies before the step that comes before it"),
    )


def test_a_case_with_an_unreadable_row_is_not_told_without_it() -> None:
    whole: list[Row | Reject] = [
        Row(2, {"case": "1"}),
        Reject(3, "org:group", "the cell is empty", "1"),
        Row(4, {"case": "2"}),
    ]
    assert list(cases_of(whole, HANDOVERS)) == [
        Reject(3, "org:group", "the cell is empty", "1"),
        Reject(2, "", "the case is rejected for its row on line 3"),
        [Row(4, {"case": "2"})],
    ]


def test_a_limit_counts_cases() -> None:
    cases = list(cases_of(rows_of(SAMPLES / "handovers.csv", HANDOVERS), HANDOVERS, 2))
    assert [case[0].cells["case"] for case in cases if not isinstance(case, Reject)] == ["1-1", "1-2"]


def test_agencies_made_of_a_column_have_short_ids_of_their_own() -> None:
    made = AgenciesFromColumn.model_validate(
        {"column": "group", "kind": "agency", "name_zh": "{group}组", "name": "{group}"}
    )
    agencies = agencies_from(["V5 3rd", "V5-3RD", "North 1", "维修组", "x" * 60], made)
    ids = {value: agency.id for value, agency in agencies.items()}
    assert ids["North 1"] == "north-1"
    assert agencies["North 1"].name_zh == "North 1组"
    assert len(set(ids.values())) == 5
    assert all(2 <= len(found) <= 40 for found in ids.values())


@pytest.mark.parametrize("mapping", [MESSAGES, HANDOVERS], ids=lambda mapping: mapping.name)
def test_what_a_row_states_is_imported_and_the_rest_is_synthetic(mapping: Mapping) -> None:
    assert {step.provenance for step in mapping.steps} == {Provenance.IMPORTED, Provenance.SYNTHETIC}
