"""What is refused about a review or re-review, Arts. 35 and 36; each with the way that is open instead."""

from domain.event import Refusal

SUPERIOR_UNKNOWN = Refusal(
    "SUPERIOR_UNKNOWN",
    "the directory names no agency above the one whose opinion is asked about",
    "名录中没有原办理(复查)机关、单位的上一级机关、单位",
    "Arts. 35, 36(1)",
    "of_agency",
    "let that agency declare its superior in the directory",
)
ALREADY_REVIEWED = Refusal(
    "ALREADY_REVIEWED",
    "a review of this opinion runs here, or this agency has reviewed it",
    "该处理(复查)意见正在或者已经由本机关复查(复核)",
    "Arts. 35, 36",
    "stage",
    "against a review opinion the next agency above is asked for re-review; a re-review opinion is final",
)
HANDLED_HERE = Refusal(
    "HANDLED_HERE",
    "this agency handles the petition itself, so that it has nobody's opinion to review",
    "本机关正在自行办理该信访事项,不存在可供本机关复查(复核)的意见",
    "Arts. 35, 36(1)",
    "of_agency",
    "go on handling; this agency's own opinion is reviewed by the agency above it",
)
FILE_NOT_THERE = Refusal(
    "FILE_NOT_THERE",
    "nothing is decided on a request for review before the file has come",
    "原办理(复查)机关、单位的案卷尚未收到",
    "Arts. 35, 36(1)",
    remedy="wait for the file; it is sent as soon as the request reaches the agency below",
)
WINDOW_NOT_LAPSED = Refusal(
    "WINDOW_NOT_LAPSED",
    "the petitioner's thirty days run from proved receipt, and were not over when the request came",
    "自收到书面答复之日起三十日内提出的请求应当收下;没有送达凭证的,期限不起算",
    "Arts. 35, 36(1)",
    "reason",
    "take the request up",
)
OPINION_IN_FILE = Refusal(
    "OPINION_IN_FILE",
    "the file shows an opinion; that nobody proved its service is no fault of the petitioner",
    "案卷表明已出具处理(复查)意见;未能证明送达的,不得归责于信访人",
    "Arts. 35, 36(1)",
    "reason",
    "take the request up",
)
NOT_YET_REVIEWED = Refusal(
    "NOT_YET_REVIEWED",
    "this agency has not reviewed the opinion that the file shows",
    "本机关尚未复查(复核)该处理(复查)意见",
    "Arts. 35, 36(1)",
    "reason",
    "take the request up",
)
NO_OPINION_TO_REVIEW = Refusal(
    "NO_OPINION_TO_REVIEW",
    "the file shows no opinion that stands",
    "案卷中没有可供复查(复核)的处理(复查)意见",
    "Arts. 35, 36(1)",
    remedy="decline the request, and say why",
)
REVIEW_WITHOUT_BASIS = Refusal(
    "REVIEW_WITHOUT_BASIS",
    "a review opinion states its legal basis",
    "复查(复核)意见应当载明法律法规依据",
    "Arts. 32(1), 35, 36",
    "legal_bases",
    "name at least one law, regulation or rule",
)
REVIEW_OUTCOME_MISMATCH = Refusal(
    "REVIEW_OUTCOME_MISMATCH",
    "an opinion that changes another says what it decides instead, and only such a one does",
    "变更原意见的应当写明变更后的意见,维持、撤销的不写",
    "Arts. 32(1), 35, 36",
    "outcome",
)
NOT_A_REVIEWER = Refusal(
    "NOT_A_REVIEWER",
    "the sender was not asked for review here, and does not stand above this agency",
    "该机关并非本机关的复查、复核机关",
    "Arts. 35, 36(1)",
    "to_agency",
)


def not_the_next_higher(superior: str) -> Refusal:
    """The refusal for a review by another agency than the next above, which is named."""
    return Refusal(
        "NOT_THE_NEXT_HIGHER",
        "a review is asked of the next agency above the one that gave the opinion",
        "复查、复核应当向原办理(复查)机关、单位的上一级机关、单位请求",
        "Arts. 35, 36(1)",
        "of_agency",
        f"the petitioner may ask {superior}",
    )
