"""The parts that stories are put together from: to take a petition in, to hand it on, to object, to answer."""

from random import Random
from typing import Any

from services.demo.steps import After, Around, InDays, Story, When
from services.demo.wangshu import LEGAL_BASES, MATTERS, Matter


def pick(chance: Random) -> tuple[str, Matter]:
    """Somebody's matter, and the agency that has the power to act."""
    agency = chance.choice(list(MATTERS))
    return agency, chance.choice(MATTERS[agency])


def register(
    story: Story, chance: Random, agency: str, matter: Matter, category: str = "APPEAL", **fields: Any
) -> None:
    """Take the petition in and give it its category."""
    channel = chance.choice(("NETWORK", "NETWORK", "LETTER", "TELEPHONE", "VISIT"))
    story.tell(
        agency,
        "RegisterPetition",
        After(0),
        channel=f"CHANNEL_{channel}",
        petitioner="演示信访人(虚构)",
        content=matter.content,
        external_reference=f"WS-{story.number:06d}",
    )
    story.tell(
        agency,
        "ClassifyPetition",
        After(chance.uniform(0.1, 1)),
        category=f"CATEGORY_{category}",
        topic_code=matter.topic_code,
        **fields,
    )


def hand_on(story: Story, sender: str, receiver: str, days: float, report_days: int | None = None) -> None:
    """Offer custody; with a report date it is an assignment."""
    if report_days is None:
        story.tell(sender, "HandOff", After(days), kind="HANDOFF_KIND_TRANSFER", to_agency=receiver)
        return
    date = {"report_due_date": InDays(report_days)}
    story.tell(sender, "HandOff", After(days), kind="HANDOFF_KIND_ASSIGNMENT", to_agency=receiver, **date)


def bounce(story: Story, chance: Random, sender: str, receiver: str, reason: str = "NOT_OUR_POWER") -> None:
    """The receiver objects in time, and the sender takes the petition back."""
    raise_objection(story, receiver, Around("D5", -chance.uniform(0.5, 4)), reason)
    story.tell(
        sender, "RuleOnObjection", After(chance.uniform(1, 4)), uphold=True, explanation="经核实,异议成立。(演示文本)"
    )


def raise_objection(story: Story, agency: str, when: When, reason: str) -> None:
    """Object that the matter is not within the agency's powers."""
    explanation = "经研究,该事项不属于本机关职权范围。(演示文本)"
    story.tell(agency, "RaiseObjection", when, reason=f"OBJECTION_REASON_{reason}", explanation=explanation)


def notify(story: Story, agency: str, when: When) -> None:
    """Tell the petitioner in writing of receipt."""
    story.tell(agency, "NotifyReceipt", when, method="SERVICE_METHOD_ELECTRONIC")


def accept(story: Story, agency: str, days: float, route: str | None = "PETITION_PROCEDURE") -> None:
    """Accept the matter; an appeal with its route."""
    story.tell(agency, "AcceptPetition", After(days), **({"route": f"ROUTE_{route}"} if route else {}))


def answer(story: Story, chance: Random, agency: str, when: When) -> None:
    """The opinion, and its service two days later; the outcomes take turns, so that each is seen."""
    outcome = ("SUPPORT", "EXPLAIN", "NOT_SUPPORT")[(story.number + chance.randrange(2)) % 3]
    story.tell(
        agency,
        "IssueOpinion",
        when,
        outcome=f"OUTCOME_{outcome}",
        legal_bases=["《信访工作条例》第三十二条", LEGAL_BASES[agency]],
        facts="经调查核实的事实。(演示文本)",
        opinion="处理意见及理由。(演示文本)",
    )
    proof = f"proof/{story.number:06d}"
    story.tell(agency, "ServeOpinion", After(2), method="SERVICE_METHOD_POST", proof=proof)


def consider(story: Story, chance: Random, agency: str) -> None:
    """A suggestion is studied and decided on; what is adopted is replied to, Art. 29(1)."""
    adoption = ("ADOPTED", "PARTLY_ADOPTED", "NOT_ADOPTED")[story.number % 3]
    story.tell(agency, "StudySuggestion", After(chance.uniform(5, 20)), findings="研究论证情况。(演示文本)")
    story.tell(
        agency,
        "DecideSuggestion",
        After(chance.uniform(2, 15)),
        adoption=f"ADOPTION_{adoption}",
        explanation="采纳与否及其理由。(演示文本)",
    )
    if adoption != "NOT_ADOPTED":
        proof = f"proof/{story.number:06d}"
        story.tell(agency, "ReplyToSuggestion", After(2), method="SERVICE_METHOD_POST", proof=proof)


def handle(story: Story, chance: Random, agency: str) -> None:
    """What should follow a receipt: notice, acceptance and answer, each in time."""
    notify(story, agency, Around("D4", -chance.uniform(3, 12)))
    accept(story, agency, chance.uniform(0.5, 3))
    answer(story, chance, agency, Around("D10", -chance.uniform(5, 45)))
