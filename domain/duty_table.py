"""The rows of the duty table: every deadline, window, limit and standing duty of the Regulations of 2022.

Each has its article, debtor, start, length and end; where the law gives no figure none stands here. The same steps of
the 2005 Regulations are `domain.duty_table_2005`. Data only: what a row means is `domain.rules`, and `domain.duties`
does the folding.
"""

from datetime import date
from functools import lru_cache
from typing import Any

from domain.calendar import Unit
from domain.duty_table_2005 import rows_of_2005
from domain.rules import (
    EXTENSION_DAYS_MAX,
    IN_FORCE_2005,
    Conditions,
    Debtor,
    Fact,
    Nature,
    Procedure,
    Rhythm,
    Rule,
    RuleTable,
    Start,
    facts,
    when,
)

INTAKE, ROUTING, JOINT, URGENT = Procedure.INTAKE, Procedure.ROUTING, Procedure.JOINT_HANDLING, Procedure.URGENT
HANDLING, SIMPLIFIED, EXECUTION = Procedure.HANDLING, Procedure.SIMPLIFIED, Procedure.EXECUTION
REVIEW, REREVIEW, SUPERVISION = Procedure.REVIEW, Procedure.REREVIEW, Procedure.SUPERVISION

_AGENCIES = ("agency", "party_or_government")
_ORGANS = ("discipline_organ", "political_legal_organ")
_HANDED = ("transfer", "assignment")
_TO_BE_HANDLED = ("registration", *_HANDED, "referral", "succession")
_LED_ELSEWHERE = ("litigation", "arbitration", "party_appeal", "administrative_procedure", "protective_duty")
_SIMPLIFIED_MEASURES = "Measures on Simplified Handling, 国信办发〔2022〕17号"
_SIMPLIFIED_SINCE = date(2022, 7, 17)

_RETURNED = facts("ObjectionAnswered", upheld=True)
"""An upheld objection takes the petition back; a rejected one takes nothing away from what the objector owes."""
_HANDED_ON = facts("HandedOff")
"""What was accepted is handed on only to the heir of an abolished agency, who accepts it anew, Art. 24(2)."""
_DECIDED = facts("Accepted NotAccepted")
_TOLD = facts("ReceiptNotified NotAccepted")
_CHANGED_IN_SUPPORT = when(result="change", outcome="support")


def _registered(conditions: Conditions) -> tuple[Start, ...]:
    return (Start("Registered", conditions, "received_time"),)


def _handed_over(conditions: Conditions) -> tuple[Start, ...]:
    return (Start("HandoffReceived", conditions),)


def _taken_back(conditions: Conditions) -> tuple[Start, ...]:
    """A return keeps the first start: no fresh period is granted."""
    return (Start("ObjectionUpheld", conditions, "case_received_time"),)


def _holding(conditions: Conditions) -> tuple[Start, ...]:
    """From each fact by which an agency comes to hold a petition, or gets it back."""
    return (*_registered(conditions), *_handed_over(conditions), *_taken_back(conditions))


def _reported(recipient: str) -> tuple[Fact, ...]:
    """An urgent report that went out to that recipient, or that the recipient acknowledged."""
    return facts("UrgentReported UrgentAcknowledged", recipient=recipient)


def _row(
    rule_id: str, article: str, procedure: Procedure, debtor: Debtor, title_zh: str, title: str, **rest: Any
) -> Rule:
    return Rule(
        rule_id=rule_id,
        version="2022",
        article=article,
        procedure=procedure,
        debtor=debtor,
        title=title,
        title_zh=title_zh,
        **rest,
    )


_DEPARTMENT_HOLDS = _holding(when(agency_kind="petition_department", came_by=_TO_BE_HANDLED))
_HANDED_TO_AGENCY = when(agency_kind=_AGENCIES, came_by=(*_HANDED, "succession"))
_DIRECTLY = when(agency_kind=_AGENCIES, came_by="registration")
_REFERRED = when(agency_kind=_AGENCIES, came_by="referral")
_DISPUTED = when(came_by="dispute")
_URGENT = (Start("UrgentFlagged"),)
_URGENT_AT_DEPARTMENT = (Start("UrgentFlagged", when(agency_kind="petition_department")),)
_TO_PETITION_PROCEDURE = when(route="petition_procedure")
_TO_OTHER_PROCEDURE = when(route=_LED_ELSEWHERE)
_NO_LENGTH_BUT_OLDER = {"effective_from": IN_FORCE_2005}
"""Steps that the Regulations of 2005 do not name and that older matters take too: somebody had to move then as now."""

_ROWS: tuple[Rule, ...] = (
    # Intake and the way on: Arts. 22 and 23.
    _row("D1", "Art. 22(1)", ROUTING, Debtor.PETITION_DEPARTMENT, "登记并转送、交办", "pass the petition on",
         starts=_DEPARTMENT_HOLDS, met_by=facts("HandedOff Accepted NotAccepted"), released_by=_RETURNED, length=15),
    _row("D1-DELIVERY", "Art. 22(1)", ROUTING, Debtor.SENDER, "送达接收机关", "see the hand-off delivered",
         starts=(Start("HandedOff"),), met_by=facts("HandoffConfirmed"), about="handoff_id"),
    _row("D2", "Art. 22(1)(3)", ROUTING, Debtor.RECEIVER, "反馈办理结果、提交办结报告", "report the result back",
         starts=(Start("HandoffReceived", when(kind="assignment")),), met_by=facts("ReportedBack"),
         released_by=_RETURNED, named_in="report_due_date"),
    _row("D3", "Art. 23(2)", INTAKE, Debtor.ADDRESSED, "书面告知信访人", "tell the petitioner in writing",
         starts=_registered((*_DIRECTLY, *when(reply_address_known=True))), met_by=_TOLD, length=15),
    _row("D4", "Art. 23(3)", INTAKE, Debtor.RECEIVER, "书面告知接收情况及处理途径、程序",
         "tell the petitioner of receipt, path and procedure", starts=_handed_over(_HANDED_TO_AGENCY), met_by=_TOLD,
         released_by=_RETURNED, length=15),
    _row("D4-ACCEPTANCE", "Art. 44(3)", INTAKE, Debtor.HOLDER, "决定是否受理", "decide on acceptance",
         starts=(*_registered(_DIRECTLY), *_taken_back(_DIRECTLY), *_handed_over(_HANDED_TO_AGENCY),
                 *_taken_back(_HANDED_TO_AGENCY)),
         met_by=_DECIDED, released_by=(*facts("HandedOff"), *_RETURNED)),
    _row("D5", "Art. 23(3)", ROUTING, Debtor.RECEIVER, "提出异议", "object to the hand-off",
         starts=_handed_over(when(agency_kind=_AGENCIES, came_by=_HANDED, is_ruling=False)),
         met_by=facts("ObjectionRaised"),
         released_by=facts("ReceiptNotified Accepted NotAccepted HandedOff"), length=5, unit=Unit.WORKING_DAY,
         nature=Nature.WINDOW),
    _row("D5-RULING", "Art. 23(3)", ROUTING, Debtor.SENDER, "核实异议", "verify and rule on the objection",
         starts=(Start("ObjectionReceived"),), met_by=facts("ObjectionUpheld ObjectionRejected"), about="handoff_id",
         **_NO_LENGTH_BUT_OLDER),
    _row("D6", "Art. 23(4)", INTAKE, Debtor.ORGAN, "按政法、纪检监察机关规定告知",
         "tell the petitioner under the organ's own rules",
         starts=(*_holding(when(agency_kind=_ORGANS, came_by=_TO_BE_HANDLED)),
                 *_handed_over(_REFERRED), *_taken_back(_REFERRED)),
         met_by=_DECIDED, released_by=(*facts("HandedOff"), *_RETURNED), external=True, **_NO_LENGTH_BUT_OLDER),
    # Several agencies: Art. 24.
    _row("D7", "Art. 24(1)", JOINT, Debtor.COORDINATOR, "决定或者协调处理受理争议", "settle which agency handles it",
         starts=(*_holding(when(agency_kind="joint_meeting_office")), *_handed_over(_DISPUTED),
                 *_taken_back(_DISPUTED)),
         met_by=facts("HandedOff Accepted NotAccepted"), released_by=_RETURNED),
    _row("D7-ASSIST", "Art. 24(1)", JOINT, Debtor.ASSISTANT, "协助办理并反馈", "assist the lead and report to it",
         starts=(Start("AssistanceReceived"),), met_by=facts("AssistanceReported"),
         released_by=facts("AssistanceWithdrawalReceived"), named_in="report_due_date", may_be_unnamed=True,
         about="assistance_id"),
    # Major and urgent matters: Art. 25. Promptly (及时) is no figure.
    _row("D8-COMMITTEE", "Art. 25(1)", URGENT, Debtor.EVERY_AGENCY, "报告本级党委和政府",
         "report to the own Party committee and government", starts=_URGENT,
         met_by=_reported("party_committee_and_government"), rhythm=Rhythm.PROMPTLY),
    _row("D8-DEPARTMENT", "Art. 25(1)", URGENT, Debtor.EVERY_AGENCY, "通报相关主管部门",
         "notify the competent department", starts=_URGENT, met_by=_reported("competent_department"),
         rhythm=Rhythm.PROMPTLY),
    _row("D8-OFFICE", "Art. 25(1)", URGENT, Debtor.EVERY_AGENCY, "通报本级联席会议办公室",
         "notify the own-level Joint Meeting Office", starts=_URGENT, met_by=_reported("joint_meeting_office"),
         rhythm=Rhythm.PROMPTLY),
    _row("D9-SUPERIOR", "Art. 25(2)", URGENT, Debtor.PETITION_DEPARTMENT, "向上一级信访部门报告",
         "report to the next-higher petition department", starts=_URGENT_AT_DEPARTMENT,
         met_by=_reported("higher_petition_department")),
    _row("D9-NATIONAL", "Art. 25(2)", URGENT, Debtor.PETITION_DEPARTMENT, "同时报告国家信访局",
         "report at the same time to the National Administration", starts=_URGENT_AT_DEPARTMENT,
         met_by=_reported("national_administration")),
    # Handling: Arts. 29 to 34.
    _row("D10", "Art. 34", HANDLING, Debtor.HANDLER, "办结", "complete the handling",
         starts=(Start("Accepted", _TO_PETITION_PROCEDURE), Start("ResumedFromProcedure", _TO_PETITION_PROCEDURE)),
         met_by=facts("OpinionServed Settled"), released_by=facts("DivertedToProcedure HandedOff"), length=60,
         extension_days_max=EXTENSION_DAYS_MAX),
    # An opinion, too, answers what went elsewhere: records older than the streams of their own end so.
    _row("D11-PROCEDURE", "Art. 31(1)-(5)", HANDLING, Debtor.HANDLER, "依照相应程序办理",
         "handle it in the procedure that the law gives it",
         starts=(Start("Accepted", _TO_OTHER_PROCEDURE), Start("DivertedToProcedure"),
                 Start("ResumedFromProcedure", _TO_OTHER_PROCEDURE)),
         met_by=facts("ProcedureConcluded OpinionServed Settled"),
         released_by=facts("DivertedToProcedure ResumedFromProcedure HandedOff"), external=True),
    _row("D11-SUGGESTION", "Art. 29(1)", HANDLING, Debtor.HANDLER, "研究论证建议意见",
         "study the suggestion and decide", starts=(Start("Accepted", when(category="suggestion")),),
         met_by=facts("SuggestionDecided OpinionServed"), released_by=_HANDED_ON),
    _row("D11-REPLY", "Art. 29(1)", HANDLING, Debtor.HANDLER, "回复采纳情况", "reply that it is adopted",
         starts=(Start("SuggestionDecided", when(adoption=("adopted", "partly_adopted"))),),
         met_by=facts("SuggestionReplied OpinionServed"), released_by=_HANDED_ON),
    _row("D11-ACCUSATION", "Art. 30(1)", HANDLING, Debtor.HANDLER, "依规依纪依法办理并反馈",
         "handle the accusation and answer it", starts=(Start("Accepted", when(category="accusation")),),
         met_by=facts("AccusationConcluded OpinionServed"), released_by=_HANDED_ON),
    _row("SIMPLE-ACCEPTANCE", _SIMPLIFIED_MEASURES, SIMPLIFIED, Debtor.HANDLER, "简易办理:决定是否受理",
         "simplified handling: decide on acceptance", starts=(Start("SimplifiedHandlingChosen"),), met_by=_DECIDED,
         released_by=(*facts("HandedOff"), *_RETURNED), effective_from=_SIMPLIFIED_SINCE),
    _row("SIMPLE-OPINION", _SIMPLIFIED_MEASURES, SIMPLIFIED, Debtor.HANDLER, "简易办理:出具处理意见",
         "simplified handling: give the opinion", starts=(Start("Accepted", when(is_simplified=True)),),
         met_by=(*facts("OpinionIssued Settled SuggestionReplied"),
                 *facts("SuggestionDecided", adoption="not_adopted")),
         released_by=facts("DivertedToProcedure HandedOff"), effective_from=_SIMPLIFIED_SINCE),
    _row("EXECUTION", "Art. 32(2)", EXECUTION, Debtor.HANDLER, "督促执行支持信访请求的意见",
         "see the supporting opinion carried out",
         starts=(Start("OpinionIssued", when(outcome="support")), Start("ReviewResultReceived", _CHANGED_IN_SUPPORT)),
         met_by=facts("ExecutionCompleted"), released_by=facts("ReviewResultReceived", result=("change", "revoke"))),
    # Review and re-review: Arts. 35 and 36.
    _row("D12", "Art. 35", REVIEW, Debtor.PETITIONER, "请求复查", "ask for review", starts=(Start("OpinionServed"),),
         met_by=facts("ReviewOpened", stage="review"), length=30, roll_forward=True, nature=Nature.WINDOW),
    _row("D13", "Art. 35", REVIEW, Debtor.REVIEWER, "提出复查意见并书面答复", "review and answer in writing",
         starts=(Start("ReviewRequested", when(stage="review")),), met_by=facts("ReviewOpinionServed", stage="review"),
         released_by=(*facts("ReviewDeclined", stage="review"), *facts("HandoffReceived ObjectionReceived")),
         length=30),
    _row("D13-DELIVERY", "Art. 35", REVIEW, Debtor.REVIEWER, "将复查(复核)结果送达原办理机关",
         "see the result delivered to the handler", starts=(Start("ReviewOpinionIssued"),),
         met_by=facts("ReviewResultConfirmed")),
    _row("D13-REDO", "Art. 35", REVIEW, Debtor.HANDLER, "重新办理被撤销的意见", "handle anew what was revoked",
         starts=(Start("ReviewResultReceived", when(result="revoke")),), met_by=facts("OpinionServed Settled"),
         released_by=facts("DivertedToProcedure HandedOff")),
    _row("D14", "Art. 36(1)", REREVIEW, Debtor.PETITIONER, "请求复核", "ask for re-review",
         starts=(Start("ReviewOpinionServed", when(stage="review", result=("uphold", "change"))),),
         met_by=facts("ReviewOpened", stage="rereview"), length=30, roll_forward=True, nature=Nature.WINDOW),
    _row("D15", "Art. 36(1)", REREVIEW, Debtor.REREVIEWER, "提出复核意见", "give the re-review opinion",
         starts=(Start("ReviewRequested", when(stage="rereview")),),
         met_by=facts("ReviewOpinionIssued", stage="rereview"),
         released_by=(*facts("ReviewDeclined", stage="rereview"), *facts("HandoffReceived ObjectionReceived")),
         suspended_by="HearingOpened", resumed_by="HearingClosed", length=30),
    # The text gives a period for the opinion and none for serving it, and yet the petitioner is to have it.
    _row("D15-SERVICE", "Art. 36(3)", REREVIEW, Debtor.REREVIEWER, "送达复核意见", "serve the re-review opinion",
         starts=(Start("ReviewOpinionIssued", when(stage="rereview")),),
         met_by=facts("ReviewOpinionServed", stage="rereview")),
    # Limits: guards that refuse, and no periods.
    _row("D16", "Art. 20(3)", INTAKE, Debtor.PETITIONER, "多人走访推选代表不超过5人",
         "a joint visit has at most five representatives", nature=Nature.LIMIT, length=5, unit=Unit.PERSON,
         enforced_by=("TOO_MANY_REPRESENTATIVES",)),
    _row("D17", "Art. 20(1)", INTAKE, Debtor.PETITIONER, "走访向本级或者上一级机关、单位提出",
         "a visit goes to the own level or the next, at the place set up for it", nature=Nature.LIMIT),
    _row("D18", "Art. 19(3)", INTAKE, Debtor.EVERY_AGENCY, "已受理或者正在办理的同一事项,上级不予受理",
         "what is accepted or being handled is not accepted again above", nature=Nature.LIMIT,
         enforced_by=("NO_LIVE_MATTER",)),
    _row("D19", "Art. 36(3)", INTAKE, Debtor.EVERY_AGENCY, "复核后仍以同一事实和理由提出的,不再受理",
         "after re-review the same facts and reasons are not accepted again", nature=Nature.LIMIT,
         enforced_by=("NOT_THE_SAME_AFTER_REREVIEW",)),
    # Standing duties of institutions; the records of the Joint Meeting open them, and no petition does.
    _row("D20", "Art. 39(1)", SUPERVISION, Debtor.PARTY_AND_GOVERNMENT, "考核信访工作情况", "assess petition work",
         nature=Nature.STANDING, rhythm=Rhythm.YEARLY),
    _row("D21", "Art. 41(1)", SUPERVISION, Debtor.PETITION_DEPARTMENT, "编报信访情况年度报告", "report on the year",
         nature=Nature.STANDING, rhythm=Rhythm.YEARLY),
    _row("D22", "Art. 40(4)", SUPERVISION, Debtor.EVERY_AGENCY, "书面反馈三项建议采纳情况",
         "answer a recommendation in writing", nature=Nature.STANDING),
    _row("D23", "Art. 12(2)", SUPERVISION, Debtor.MEMBER_UNIT, "报送议定事项落实情况",
         "report how a decision of the Joint Meeting is carried out", nature=Nature.STANDING, rhythm=Rhythm.PROMPTLY),
    _row("D24", "Art. 9(2)", SUPERVISION, Debtor.PARTY_AND_GOVERNMENT, "党委常委会听取信访工作汇报",
         "the standing committee hears reports on petition work", nature=Nature.STANDING, rhythm=Rhythm.REGULAR),
    _row("D24-LEADERS", "Art. 18(2)", SUPERVISION, Debtor.LEADERS, "领导干部接待群众来访、下访",
         "leaders receive visitors and go down to petitioners", nature=Nature.STANDING, rhythm=Rhythm.REGULAR),
    _row("D25", "Art. 39(3)", SUPERVISION, Debtor.RECTIFIED, "限期整改",
         "rectify within the period that the order names", nature=Nature.STANDING, named_in="rectify_due_date"),
    _row("D26", "Art. 38", SUPERVISION, Debtor.INSPECTORS, "开展督查", "inspect petition work",
         nature=Nature.STANDING, rhythm=Rhythm.AS_NEEDED),
)  # fmt: skip

RULES: tuple[Rule, ...] = (*_ROWS, *rows_of_2005(_ROWS))
NATIONAL = RuleTable(RULES)


@lru_cache
def rule_row(rule_id: str, version: str) -> Rule:
    """The national row of that id and version; a local figure (`2022+local-…`) rests on the row before the sign."""
    return NATIONAL.row(rule_id, version.partition("+")[0])
