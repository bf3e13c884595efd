"""The closed sets of words that events and commands are written in.

Each value is stored and published, so a value once released keeps its spelling for ever; a new meaning is a new value.
Each word carries its Chinese term, because officials read these words on every page; `domain/README.md` is the
glossary.
"""

from enum import StrEnum


class Word(StrEnum):
    """A stored word with the Chinese term that the Regulations or common practice use for it."""

    term: str

    def __new__(cls, value: str, term: str) -> "Word":
        word = str.__new__(cls, value)
        word._value_ = value
        word.term = term
        return word


class AgencyKind(Word):
    """What an agency is, as far as the Regulations give its kind duties of its own."""

    PETITION_DEPARTMENT = "petition_department", "信访部门"
    AGENCY = "agency", "机关、单位"
    JOINT_MEETING_OFFICE = "joint_meeting_office", "联席会议办公室"
    DISCIPLINE_ORGAN = "discipline_organ", "纪检监察机关"
    POLITICAL_LEGAL_ORGAN = "political_legal_organ", "政法机关"
    PARTY_OR_GOVERNMENT = "party_or_government", "党委、政府"


class AgencyLevel(Word):
    """The level at which an agency works; its division's GB/T 2260 code says it."""

    NATIONAL = "national", "国家级"
    PROVINCE = "province", "省级"
    CITY = "city", "市级"
    COUNTY = "county", "县级"


class Channel(Word):
    """How the petition came in, Art. 17; an oral petition is written down, Art. 19(1)."""

    NETWORK = "network", "信息网络"
    LETTER = "letter", "书信"
    TELEPHONE = "telephone", "电话"
    FAX = "fax", "传真"
    VISIT = "visit", "走访"


class Category(Word):
    """The three kinds of petition matter, Arts. 29, 30 and 31."""

    SUGGESTION = "suggestion", "建议意见"
    ACCUSATION = "accusation", "检举控告"
    APPEAL = "appeal", "申诉求决"


class Route(Word):
    """The way in which an accepted appeal is handled, Art. 31(1)-(6); only the last has the sixty days of Art. 34."""

    LITIGATION = "litigation", "诉讼、复议、检察、公安程序"
    ARBITRATION = "arbitration", "仲裁"
    PARTY_APPEAL = "party_appeal", "党员申诉、申请复审"
    ADMINISTRATIVE_PROCEDURE = "administrative_procedure", "行政程序"
    PROTECTIVE_DUTY = "protective_duty", "查处违法行为、履行保护职责"
    PETITION_PROCEDURE = "petition_procedure", "信访程序"


class HandoffKind(Word):
    """How custody is offered: transfer, assignment with a named report date, or referral to another kind of organ."""

    TRANSFER = "transfer", "转送"
    ASSIGNMENT = "assignment", "交办"
    REFERRAL = "referral", "移送"


class ObjectionReason(Word):
    """Why a receiver says that a matter is not within its own powers or those of its system, Art. 23(3)."""

    NOT_OUR_POWER = "not_our_power", "不属于本机关职权"
    NOT_OUR_TERRITORY = "not_our_territory", "不属于本辖区"
    WRONG_LEVEL = "wrong_level", "层级不符"
    OTHER_PROCEDURE = "other_procedure", "应通过其他法定程序"
    ALREADY_HANDLED_ELSEWHERE = "already_handled_elsewhere", "其他机关正在办理"
    MATERIALS_INCOMPLETE = "materials_incomplete", "材料不全"


class RefusalReason(Word):
    """Why a matter is not accepted (不予受理) by the agency that holds it."""

    NOT_A_PETITION_MATTER = "not_a_petition_matter", "不属于信访事项"
    DUPLICATE_OF_LIVE = "duplicate_of_live", "正在办理期限内重复提出"
    ENDED_AFTER_REREVIEW = "ended_after_rereview", "复核终结后同一事实和理由"
    OTHER_LEGAL_PROCEDURE = "other_legal_procedure", "应通过其他法定途径"
    OUTSIDE_POWERS = "outside_powers", "不属于职权范围,已告知去向"


class Outcome(Word):
    """What a written handling opinion decides, Art. 32(1)-(3)."""

    SUPPORT = "support", "予以支持"
    EXPLAIN = "explain", "解释说明"
    NOT_SUPPORT = "not_support", "不予支持"


class ServiceMethod(Word):
    """How a document reached the petitioner; each leaves a proof that can be produced later."""

    IN_PERSON = "in_person", "直接送达"
    POST = "post", "邮寄送达"
    ELECTRONIC = "electronic", "电子送达"
    LEFT_WITH_ADULT = "left_with_adult", "留置送达"
    PUBLIC_NOTICE = "public_notice", "公告送达"


class Provenance(Word):
    """Where a fact comes from: recorded as it happened, taken from older records, or supplied where they are silent."""

    RECORDED = "recorded", "实时记录"
    IMPORTED = "imported", "历史导入"
    SYNTHETIC = "synthetic", "推定补录"


class Purpose(Word):
    """Why an official opens sealed material; every opening is itself a fact."""

    HANDLING = "handling", "办理"
    NOTICE = "notice", "告知送达"
    REVIEW = "review", "复查复核"
    SUPERVISION = "supervision", "督查"
