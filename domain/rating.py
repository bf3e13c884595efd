"""Ratings (满意度评价): what a petitioner says of the petition department and of the agency that handled the matter.

Whoever holds the petition's rating token rates each of the two once; silence stays silence and is never counted as
consent. Arts. 18(1), 21(2); 国信发〔2022〕11号, with the exclusions of the 2014 text that it replaces, because the text
of 2022 was not at hand. `RatingSheet` folds who may be rated; `decide` answers; `publishable` says which figures may be
shown. A rating is of an agency's work: nothing here knows of officials or petitioners, and nothing is ranked.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple
from uuid import UUID, uuid5

from domain.event import AgencyId, Decision, Event, Refusal
from domain.vocabulary import AgencyKind, Category, HandoffKind, LinkKind, Organ, RatedRole, Route, Satisfaction

RATING_NAMESPACE = UUID("c41d7a0e-93a8-5f0a-8a55-0d1b6e2f7c94")
SMALL_COUNT_BELOW = 5
"""A count of 1 up to this, beside an agency's name, could tell what one petitioner said; it is not shown."""

EXCLUDED_ROUTES = frozenset({Route.LITIGATION, Route.ARBITRATION, Route.ADMINISTRATIVE_PROCEDURE})
"""Litigation, arbitration and reconsideration, the last among the procedures of Art. 31(4), are not rated."""

EXCLUDED_ORGANS = frozenset({Organ.COURT, Organ.PROCURATORATE, Organ.ARBITRATION, Organ.RECONSIDERATION})

# --- event ------------------------------------------------------------------------------------------------------------


class RatingGiven(Event):
    """The petitioner rated the work of an agency in one of its two roles, Art. 21(2); `agency` is the office."""

    type_name: ClassVar[str] = "lianxi.rating.v1.RatingGiven"
    rated: RatedRole
    rated_agency: AgencyId
    satisfaction: Satisfaction


def rating_id_of(petition_id: UUID, rated: RatedRole) -> UUID:
    """The id of the stream that holds the one rating of a role on a petition."""
    return uuid5(RATING_NAMESPACE, f"{petition_id}/{rated}")


# --- state ------------------------------------------------------------------------------------------------------------


class RatingSheet:
    """Who may be rated on one petition, and who was: `agencies` by role once its stage is over, `given` by role."""

    __slots__ = ("agencies", "department", "given", "is_led_elsewhere", "is_unfit")

    def __init__(self) -> None:
        self.department: str | None = None
        self.agencies: dict[str, str] = {}
        self.given: dict[str, str] = {}
        self.is_unfit = False
        self.is_led_elsewhere = False

    @property
    def is_excluded(self) -> bool:
        """Tell whether the matter as a whole is not rated, as it stands now."""
        return self.is_unfit or self.is_led_elsewhere

    def apply(self, name: str, event: Any) -> bool:
        """Fold one case fact of an agency in the petition's chain; tell whether it bears on ratings at all."""
        fold = _FOLD.get(name)
        if fold is None:
            return False
        fold(self, event)
        return True

    def rate(self, event: Any) -> None:
        """Fold a rating; whom it is of stays as it was said, whoever handles the matter later."""
        self.agencies[event.rated] = event.rated_agency
        self.given[event.rated] = event.satisfaction

    def exclude_if(self, is_unfit: bool) -> None:
        """Take the matter out of the ratings, for good."""
        self.is_unfit = self.is_unfit or is_unfit

    def pass_department(self) -> None:
        """The petition department that registered the matter has done its part."""
        if self.department is not None:
            self.agencies.setdefault(RatedRole.PETITION_DEPARTMENT, self.department)


def _registered(sheet: RatingSheet, event: Any) -> None:
    if event.agency_kind == AgencyKind.PETITION_DEPARTMENT:
        sheet.department = event.agency


def _handed_off(sheet: RatingSheet, event: Any) -> None:
    sheet.pass_department()
    sheet.exclude_if(event.kind == HandoffKind.REFERRAL)


def _routed(sheet: RatingSheet, event: Any) -> None:
    # A matter that comes back from another procedure is a petition matter again.
    sheet.pass_department()
    sheet.is_led_elsewhere = event.route in EXCLUDED_ROUTES


def _handled(sheet: RatingSheet, event: Any) -> None:
    if RatedRole.HANDLING_AGENCY not in sheet.given:
        sheet.agencies[RatedRole.HANDLING_AGENCY] = event.agency


_FOLD: Mapping[str, Callable[[RatingSheet, Any], None]] = {
    "Registered": _registered,
    "Classified": lambda sheet, event: sheet.exclude_if(event.category == Category.ACCUSATION),
    "Linked": lambda sheet, event: sheet.exclude_if(event.link == LinkKind.REPEAT),
    "HandedOff": _handed_off,
    "Accepted": _routed,
    "DivertedToProcedure": _routed,
    "ResumedFromProcedure": _routed,
    "NotAccepted": lambda sheet, event: sheet.exclude_if(event.directed_to in EXCLUDED_ORGANS),
    "OpinionServed": _handled,
    "Settled": _handled,
    "ProcedureConcluded": _handled,
    "SuggestionReplied": _handled,
}
"""What each fact means for ratings. Only matters registered for the first time count, and what is unfit to be disclosed
does not: accusations, Art. 30(3), and what went to political-legal or discipline organs, courts and procuratorates."""

# --- decide -----------------------------------------------------------------------------------------------------------

NOT_RATED = Refusal(
    "MATTER_NOT_RATED",
    "this matter is not rated: only matters registered for the first time are, and neither accusations nor what "
    "belongs to litigation, arbitration, reconsideration, courts or procuratorates",
    "该事项不属于满意度评价范围",
    "国信发〔2022〕11号",
)
NOT_YET_RATED = Refusal(
    "RATING_TOO_EARLY",
    "the stage to be rated is not over: the department is rated once it handed the matter on or it was accepted, the "
    "handling agency once the petitioner has its result",
    "相应环节尚未完成,暂不能评价",
    "国信发〔2022〕11号",
    "rated",
    "rate it when the progress shows that step",
)
RATED_BEFORE = Refusal(
    "RATED_BEFORE",
    "the petitioner has rated this already, and each is rated once",
    "该环节已经评价,每一环节仅可评价一次",
    "国信发〔2022〕11号",
    "rated",
)


def decide(sheet: RatingSheet, rated: RatedRole, satisfaction: Satisfaction, **frame: Any) -> Decision:
    """Answer the petitioner: the rating to record, or a refusal; `frame` are the fields that every fact has."""
    if sheet.is_excluded:
        return NOT_RATED
    if rated in sheet.given:
        return RATED_BEFORE
    if rated not in sheet.agencies:
        return NOT_YET_RATED
    return (RatingGiven(**frame, rated=rated, rated_agency=sheet.agencies[rated], satisfaction=satisfaction),)


# --- figures ----------------------------------------------------------------------------------------------------------


class Figures(NamedTuple):
    """How an agency was rated in one role; None stands for a figure that is not shown. `unrated` is its own column."""

    satisfied: int | None
    basically_satisfied: int | None
    not_satisfied: int | None
    unrated: int | None
    eligible: int | None


NOT_SHOWN = Figures(None, None, None, None, None)


def publishable(satisfied: int, basically_satisfied: int, not_satisfied: int, unrated: int) -> Figures:
    """Return the figures without small counts, and without what a small count could be worked out from.

    Where there are small counts (1 to 4) they are hidden together with the next larger ones, equal ones always
    together, until at least two are hidden and make up twice the limit: `eligible` minus the rest then fits several
    values of each. With fewer than five eligible matters nothing is shown.
    """
    counts = (satisfied, basically_satisfied, not_satisfied, unrated)
    eligible = sum(counts)
    if eligible < SMALL_COUNT_BELOW:
        return NOT_SHOWN
    small = [count for count in counts if 0 < count < SMALL_COUNT_BELOW]
    if not small:
        return Figures(*counts, eligible)
    for limit in sorted(count for count in counts if count >= max(small)):
        hidden = [count for count in counts if count <= limit]
        if len(hidden) > 1 and sum(hidden) >= 2 * SMALL_COUNT_BELOW:
            break
    return Figures._make([*(count if count > limit else None for count in counts), eligible])
