"""The stories of the demonstration: what happens to each petition, told step by step before it begins.

A story follows from the seed and the number of the petition alone, so the same seed tells the same stories. It says who
does what, and when: after some days, or around the date of a duty, before it or past it. Whether a step can be taken is
decided by the state of the case when its time has come (`simulator.py`); nothing here knows the system.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from services.demo.wangshu import DEPARTMENT, DISCIPLINE, DISPUTED, LEGAL_BASES, MATTERS, NOBODYS, OFFICE, Matter

PETITIONS = UUID("0a5e1f0e-64c1-5b0c-9f55-9b3d6a2f7c11")


class After(NamedTuple):
    """So many days after the step before."""

    days: float


class Around(NamedTuple):
    """So many days after the date of the agency's duty under a rule; before it, if negative."""

    rule: str
    days: float


When = After | Around


class InDays(NamedTuple):
    """A field that holds the civil date so many days after the step."""

    days: int


class AtThatTime(NamedTuple):
    """A field that holds the time of the step."""


class Step(NamedTuple):
    """One act of one agency: a method of the case service, its fields, and when it is time for it."""

    agency: str
    rpc: str
    fields: Mapping[str, Any]
    when: When


@dataclass
class Story:
    """What happens to one petition; `begins_days` counts from the opening of the demonstration."""

    number: int
    kind: str
    petition_id: UUID
    begins_days: float
    steps: list[Step] = field(default_factory=list)

    def tell(self, agency: str, rpc: str, when: When, **fields: Any) -> None:
        """Add a step."""
        self.steps.append(Step(agency, rpc, fields, when))


Chance = random.Random


def story(seed: int, number: int, begins_days: float) -> Story:
    """Return the story of a petition; the first dozen are one of each kind, and then the quiet kinds are the more."""
    deck, place = (list(KINDS), number) if number < len(KINDS) else (list(USUAL), (number - len(KINDS)) % len(USUAL))
    Chance(f"{seed}/deck/{(number - place)}").shuffle(deck)
    kind = deck[place]
    told = Story(number, kind, uuid5(PETITIONS, f"{seed}/{number}"), begins_days)
    KINDS[kind](told, Chance(f"{seed}/story/{number}"))
    return told


# --- the parts that stories are made of -----------------------------------------------------------------------------


def _pick(chance: Chance) -> tuple[str, Matter]:
    agency = chance.choice(list(MATTERS))
    return agency, chance.choice(MATTERS[agency])


def _register(
    story: Story, chance: Chance, agency: str, matter: Matter, category: str = "APPEAL", **fields: Any
) -> None:
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


def _hand(story: Story, sender: str, receiver: str, days: float, report_days: int | None = None) -> None:
    if report_days is None:
        story.tell(sender, "HandOff", After(days), kind="HANDOFF_KIND_TRANSFER", to_agency=receiver)
        return
    date = {"report_due_date": InDays(report_days)}
    story.tell(sender, "HandOff", After(days), kind="HANDOFF_KIND_ASSIGNMENT", to_agency=receiver, **date)


def _bounce(story: Story, chance: Chance, sender: str, receiver: str, reason: str = "NOT_OUR_POWER") -> None:
    """The receiver objects in time, and the sender takes the petition back."""
    _object(story, receiver, Around("D5", -chance.uniform(0.5, 4)), reason)
    story.tell(
        sender, "RuleOnObjection", After(chance.uniform(1, 4)), uphold=True, explanation="经核实,异议成立。(演示文本)"
    )


def _object(story: Story, agency: str, when: When, reason: str) -> None:
    explanation = "经研究,该事项不属于本机关职权范围。(演示文本)"
    story.tell(agency, "RaiseObjection", when, reason=f"OBJECTION_REASON_{reason}", explanation=explanation)


def _notify(story: Story, agency: str, when: When) -> None:
    story.tell(agency, "NotifyReceipt", when, method="SERVICE_METHOD_ELECTRONIC")


def _accept(story: Story, agency: str, days: float, route: str | None = "PETITION_PROCEDURE") -> None:
    story.tell(agency, "AcceptPetition", After(days), **({"route": f"ROUTE_{route}"} if route else {}))


def _answer(story: Story, chance: Chance, agency: str, when: When) -> None:
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


def _handle(story: Story, chance: Chance, agency: str) -> None:
    """What should follow a receipt: notice, acceptance and answer, each in time."""
    _notify(story, agency, Around("D4", -chance.uniform(3, 12)))
    _accept(story, agency, chance.uniform(0.5, 3))
    _answer(story, chance, agency, Around("D10", -chance.uniform(5, 45)))


# --- the kinds of stories -------------------------------------------------------------------------------------------


def _ordinary(story: Story, chance: Chance) -> None:
    """As it should be: passed on, taken in, answered in time."""
    agency, matter = _pick(chance)
    _register(story, chance, DEPARTMENT.agency, matter)
    _hand(story, DEPARTMENT.agency, agency, chance.uniform(1, 6))
    _handle(story, chance, agency)


def _assigned(story: Story, chance: Chance) -> None:
    """Assigned with a report date; some reports come late."""
    agency, matter = _pick(chance)
    _register(story, chance, DEPARTMENT.agency, matter)
    _hand(story, DEPARTMENT.agency, agency, chance.uniform(1, 6), report_days=chance.choice((30, 45, 60)))
    _notify(story, agency, After(chance.uniform(2, 8)))
    _accept(story, agency, 1)
    _answer(story, chance, agency, After(chance.uniform(12, 40)))
    late = chance.choice((-4.0, -1.5, 6.0))
    story.tell(agency, "ReportBack", Around("D2", late), report="办结报告正文。(演示文本)")


def _direct(story: Story, chance: Chance) -> None:
    """Brought to the agency itself: a suggestion, answered without the sixty days."""
    agency, matter = _pick(chance)
    _register(story, chance, agency, matter, "SUGGESTION")
    _notify(story, agency, Around("D3", -chance.uniform(2, 9)))
    _accept(story, agency, 1, route=None)
    _answer(story, chance, agency, After(chance.uniform(10, 40)))


def _declined(story: Story, chance: Chance) -> None:
    """Brought to the agency itself, and not accepted, with the reason in writing."""
    agency, matter = _pick(chance)
    _register(story, chance, agency, matter)
    reason = chance.choice(("OTHER_LEGAL_PROCEDURE", "OUTSIDE_POWERS", "DUPLICATE_OF_LIVE"))
    explanation = "不予受理的理由及应当通过的途径。(演示文本)"
    when = Around("D3", chance.choice((-6.0, -3.0, 4.0)))
    story.tell(agency, "DeclinePetition", when, reason=f"REFUSAL_REASON_{reason}", explanation=explanation)


def _objected(story: Story, chance: Chance) -> None:
    """Sent to the wrong agency, which objects in time; the next one takes it."""
    wrong, right = chance.sample(list(MATTERS), 2)
    _register(story, chance, DEPARTMENT.agency, chance.choice(MATTERS[right]))
    _hand(story, DEPARTMENT.agency, wrong, chance.uniform(1, 4))
    _bounce(story, chance, DEPARTMENT.agency, wrong, chance.choice(("NOT_OUR_POWER", "NOT_OUR_TERRITORY")))
    _hand(story, DEPARTMENT.agency, right, 1)
    _handle(story, chance, right)


def _overruled(story: Story, chance: Chance) -> None:
    """Objected to after the five working days, which goes on record as late; the objection is rejected."""
    agency, matter = _pick(chance)
    _register(story, chance, DEPARTMENT.agency, matter)
    _hand(story, DEPARTMENT.agency, agency, chance.uniform(1, 4))
    _object(story, agency, Around("D5", chance.uniform(2, 6)), "OTHER_PROCEDURE")
    story.tell(
        DEPARTMENT.agency, "RuleOnObjection", After(2), uphold=False, explanation="该事项属于你单位职权。(演示文本)"
    )
    _accept(story, agency, chance.uniform(1, 4))
    _notify(story, agency, After(1))
    _answer(story, chance, agency, Around("D10", -chance.uniform(3, 30)))


def _ping_pong(story: Story, chance: Chance) -> None:
    """Two agencies hold each other to be in charge; it goes to and fro until one gives in."""
    one, other, matter = chance.choice(DISPUTED)
    _register(story, chance, DEPARTMENT.agency, matter)
    _hand(story, DEPARTMENT.agency, one, chance.uniform(1, 3), report_days=chance.choice((60, 90)))
    for _ in range(chance.choice((2, 3, 3))):
        _hand(story, one, other, chance.uniform(0.5, 2))
        _bounce(story, chance, one, other)
    _notify(story, one, After(1))
    _accept(story, one, 1)
    _answer(story, chance, one, After(chance.uniform(15, 50)))
    story.tell(one, "ReportBack", After(1), report="办结报告正文。(演示文本)")


def _nobodys(story: Story, chance: Chance) -> None:
    """A matter that nobody wants: each agency sends it back, until the Joint Meeting Office assigns it."""
    _register(story, chance, DEPARTMENT.agency, chance.choice(NOBODYS))
    refusing = chance.sample(list(MATTERS), 5)
    for agency in refusing:
        _hand(story, DEPARTMENT.agency, agency, chance.uniform(0.5, 2))
        _bounce(story, chance, DEPARTMENT.agency, agency, chance.choice(("NOT_OUR_POWER", "WRONG_LEVEL")))
    # Art. 24(1): the Joint Meeting coordinates what the agencies dispute. Its assignment is binding; the answer drags.
    _hand(story, DEPARTMENT.agency, OFFICE.agency, 1)
    _hand(story, OFFICE.agency, refusing[0], 4, report_days=30)
    _notify(story, refusing[0], Around("D4", 3))


def _overdue(story: Story, chance: Chance) -> None:
    """Accepted, and answered only after the sixty days."""
    agency, matter = _pick(chance)
    _register(story, chance, DEPARTMENT.agency, matter)
    _hand(story, DEPARTMENT.agency, agency, chance.uniform(2, 9))
    _notify(story, agency, Around("D4", chance.uniform(-2, 5)))
    _accept(story, agency, 1)
    _answer(story, chance, agency, Around("D10", chance.uniform(4, 18)))


def _extended(story: Story, chance: Chance) -> None:
    """Extended once, before the sixty days were over, and answered within the longer period."""
    agency, matter = _pick(chance)
    _register(story, chance, agency, matter)
    _notify(story, agency, Around("D3", -chance.uniform(2, 9)))
    _accept(story, agency, 1)
    story.tell(
        agency,
        "ExtendHandling",
        Around("D10", -chance.uniform(2, 8)),
        days=chance.choice((15, 30)),
        approver="post/deputy-head-1",
        notified_time=AtThatTime(),
        reason="情况复杂,需要补充鉴定。(演示文本)",
    )
    _answer(story, chance, agency, Around("D10", -chance.uniform(4, 8)))


def _accusation(story: Story, chance: Chance) -> None:
    """An accusation goes to the discipline organ; the accused agency never receives it, Art. 30(3)."""
    accused = chance.choice(list(MATTERS))
    matter = Matter("1001", "反映该单位在项目招标中的问题线索。(演示文本)")
    _register(story, chance, DEPARTMENT.agency, matter, "ACCUSATION", accused_agencies=[accused])
    story.tell(
        DEPARTMENT.agency,
        "HandOff",
        After(chance.uniform(0.5, 2)),
        kind="HANDOFF_KIND_REFERRAL",
        to_agency=DISCIPLINE.agency,
    )
    _accept(story, DISCIPLINE.agency, chance.uniform(2, 6), route=None)
    _answer(story, chance, DISCIPLINE.agency, After(chance.uniform(20, 50)))


def _forgotten(story: Story, chance: Chance) -> None:
    """Left lying: by the department that never passes it on, or by the agency that never says a word."""
    agency, matter = _pick(chance)
    if chance.random() < 0.3:
        _register(story, chance, agency, matter)
        return
    _register(story, chance, DEPARTMENT.agency, matter)
    if chance.random() < 0.3:
        return
    kind = "HANDOFF_KIND_TRANSFER"
    story.tell(DEPARTMENT.agency, "HandOff", Around("D1", chance.uniform(1, 6)), kind=kind, to_agency=agency)
    if chance.random() < 0.5:
        _accept(story, agency, chance.uniform(5, 15))


KINDS: Mapping[str, Callable[[Story, Chance], None]] = {
    "ordinary": _ordinary,
    "assigned": _assigned,
    "direct": _direct,
    "declined": _declined,
    "objected": _objected,
    "overruled": _overruled,
    "ping-pong": _ping_pong,
    "nobody's": _nobodys,
    "overdue": _overdue,
    "extended": _extended,
    "accusation": _accusation,
    "forgotten": _forgotten,
}
"""Every kind of story; the simulator plays one of each before it repeats one."""

USUAL: tuple[str, ...] = (
    *KINDS,
    *("ordinary",) * 6,
    *("direct",) * 3,
    *("assigned",) * 2,
    *("forgotten",) * 3,
    *("overdue",) * 2,
)
"""What an ordinary month brings: about half makes no trouble."""
