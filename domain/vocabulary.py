"""The closed sets of words that events and commands are written in.

Each value is stored and published, so a value once released keeps its spelling for ever; a new meaning is a new value.
Each word carries its Chinese term, because officials read these words on every page; `domain/README.md` is the
glossary.
"""

from enum import StrEnum


class Word(StrEnum):
    """A stored word with the Chinese term that the Regulations or common practice use for it."""

    term: str

    def __new__(cls, value: str, term: str = "") -> "Word":
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
    """How custody is offered: transfer, assignment with a named report date, referral to another kind of organ.

    A dispute goes to the common superior or Joint Meeting Office, Art. 24(1); succession to who carries on an abolished
    agency's powers, Art. 24(2).
    """

    TRANSFER = "transfer", "转送"
    ASSIGNMENT = "assignment", "交办"
    REFERRAL = "referral", "移送"
    DISPUTE = "dispute", "提请协调"
    SUCCESSION = "succession", "承继移交"


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


class LinkKind(Word):
    """How a petition belongs to an earlier one; the link is between matters, never to a person."""

    REPEAT = "repeat", "重复信访"
    RELATED = "related", "关联事项"


class Organ(Word):
    """Where a petitioner is told to go when the agency has no power to act, Arts. 22(2) and 23(1)."""

    COURT = "court", "人民法院"
    PROCURATORATE = "procuratorate", "人民检察院"
    PUBLIC_SECURITY = "public_security", "公安机关"
    DISCIPLINE = "discipline", "纪检监察机关"
    ARBITRATION = "arbitration", "仲裁机构"
    RECONSIDERATION = "reconsideration", "行政复议机关"
    PARTY_ORGANISATION = "party_organisation", "党组织"
    OTHER_AGENCY = "other_agency", "其他有权处理的机关、单位"


class Adoption(Word):
    """What was decided on a suggestion after it was studied, Art. 29(1)."""

    ADOPTED = "adopted", "采纳"
    PARTLY_ADOPTED = "partly_adopted", "部分采纳"
    NOT_ADOPTED = "not_adopted", "未采纳"


class AccusationRecipient(Word):
    """Who a petition department tells of what accusations say about cadres, Art. 30(2)."""

    PERSONNEL_DEPARTMENT = "personnel_department", "组织(人事)部门"
    PARTY_COMMITTEE_HEAD = "party_committee_head", "党委主要负责同志"
    PERSONNEL_LEADER = "personnel_leader", "分管组织(人事)工作的负责同志"


class MediationKind(Word):
    """How the parties come to an agreement of their own, Art. 33."""

    MEDIATION = "mediation", "调解"
    RECONCILIATION = "reconciliation", "和解"


class ReliefKind(Word):
    """What help a petitioner in need is led to, Art. 37(2)-(3)."""

    SOCIAL_ASSISTANCE = "social_assistance", "社会救助"
    JUDICIAL_RELIEF = "judicial_relief", "司法救助"
    GUIDANCE = "guidance", "疏导教育、矛盾化解"


class ReviewStage(Word):
    """The two reviews that a petitioner may ask for, Arts. 35 and 36."""

    REVIEW = "review", "复查"
    REREVIEW = "rereview", "复核"


class ReviewResult(Word):
    """What a review comes to in practice; the Regulations themselves only speak of its opinion."""

    UPHOLD = "uphold", "维持"
    CHANGE = "change", "变更"
    REVOKE = "revoke", "撤销并责令重新办理"


class ReviewRefusal(Word):
    """Why a request for review is not taken up."""

    WINDOW_LAPSED = "window_lapsed", "超过请求期限"
    NO_OPINION_SERVED = "no_opinion_served", "尚无送达的处理(复查)意见"
    ALREADY_REVIEWED = "already_reviewed", "已经复查(复核)"
    NO_REVIEW_YET = "no_review_yet", "尚未复查,应当先请求复查"


class Urgency(Word):
    """How weighty a matter is that may affect society, Art. 25."""

    MAJOR = "major", "重大"
    URGENT = "urgent", "紧急"


class UrgentRecipient(Word):
    """Whom a major or urgent matter is reported to, Art. 25: each a duty and an acknowledgement of its own."""

    PARTY_COMMITTEE_AND_GOVERNMENT = "party_committee_and_government", "本级党委和政府"
    COMPETENT_DEPARTMENT = "competent_department", "相关主管部门"
    JOINT_MEETING_OFFICE = "joint_meeting_office", "本级联席会议办公室"
    HIGHER_PETITION_DEPARTMENT = "higher_petition_department", "上一级信访部门"
    NATIONAL_ADMINISTRATION = "national_administration", "国家信访局"


class SimplifiedGround(Word):
    """Why a matter is fit for simplified handling, 信访事项简易办理办法 (国信办发〔2022〕17号)."""

    CLEAR_AND_EASY = "clear_and_easy", "事实清楚、责任明确、争议不大、易于解决"
    ANSWERABLE_AT_ONCE = "answerable_at_once", "咨询、建议等可以即时反馈"
    DAILY_LIFE_URGENT = "daily_life_urgent", "涉及群众日常生产生活、时效性强"
    PROMISED_OR_CONCLUDED = "promised_or_concluded", "有关机关、单位已有承诺或者结论"


class Satisfaction(Word):
    """What a petitioner says of an agency's work; saying nothing is none of these."""

    SATISFIED = "satisfied", "满意"
    BASICALLY_SATISFIED = "basically_satisfied", "基本满意"
    NOT_SATISFIED = "not_satisfied", "不满意"


class RatedRole(Word):
    """Whose work a petitioner rates, each once, 国信发〔2022〕11号."""

    PETITION_DEPARTMENT = "petition_department", "信访部门"
    HANDLING_AGENCY = "handling_agency", "责任单位"
