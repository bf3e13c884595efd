"""The stories of the demonstration: what happens to each petition, told step by step before it begins.

A story follows from the seed and the number of the petition alone, so the same seed tells the same stories. It says who
does what, and when: after some days, or around the date of a duty, before it or past it. Whether a step can be taken is
decided by the state of the case when its time has come (`simulator.py`); nothing here knows the system.
"""

from collections.abc import Callable, Mapping
from random import Random
from uuid import UUID, uuid5

from services.demo.parts import (
    accept,
    answer,
    bounce,
    consider,
    hand_on,
    handle,
    notify,
    pick,
    raise_objection,
    register,
)
from services.demo.steps import After, Around, AtThatTime, Story
from services.demo.wangshu import DEPARTMENT, DISCIPLINE, DISPUTED, MATTERS, NOBODYS, OFFICE, Matter

PETITIONS = UUID("0a5e1f0e-64c1-5b0c-9f55-9b3d6a2f7c11")


def story(seed: int, number: int, begins_days: float) -> Story:
    """Return the story of a petition; the first dozen are one of each kind, and then the quiet kinds are the more."""
    deck, place = (list(KINDS), number) if number < len(KINDS) else (list(USUAL), (number - len(KINDS)) % len(USUAL))
    Random(f"{seed}/deck/{(number - place)}").shuffle(deck)
    kind = deck[place]
    told = Story(number, kind, uuid5(PETITIONS, f"{seed}/{number}"), begins_days)
    KINDS[kind](told, Random(f"{seed}/story/{number}"))
    return told


# --- the kinds of stories -------------------------------------------------------------------------------------------


def _ordinary(story: Story, chance: Random) -> None:
    """As it should be: passed on, taken in, answered in time."""
    agency, matter = pick(chance)
    register(story, chance, DEPARTMENT.agency, matter)
    hand_on(story, DEPARTMENT.agency, agency, chance.uniform(1, 6))
    handle(story, chance, agency)


def _assigned(story: Story, chance: Random) -> None:
    """Assigned with a report date; some reports come late."""
    agency, matter = pick(chance)
    register(story, chance, DEPARTMENT.agency, matter)
    hand_on(story, DEPARTMENT.agency, agency, chance.uniform(1, 6), report_days=chance.choice((30, 45, 60)))
    notify(story, agency, After(chance.uniform(2, 8)))
    accept(story, agency, 1)
    answer(story, chance, agency, After(chance.uniform(12, 40)))
    late = chance.choice((-4.0, -1.5, 6.0))
    story.tell(agency, "ReportBack", Around("D2", late), report="办结报告正文。(演示文本)")


def _direct(story: Story, chance: Random) -> None:
    """Brought to the agency itself: a suggestion, studied and decided on without the sixty days."""
    agency, matter = pick(chance)
    register(story, chance, agency, matter, "SUGGESTION")
    notify(story, agency, Around("D3", -chance.uniform(2, 9)))
    accept(story, agency, 1, route=None)
    consider(story, chance, agency)


def _declined(story: Story, chance: Random) -> None:
    """Brought to the agency itself, and not accepted, with the reason in writing."""
    agency, matter = pick(chance)
    register(story, chance, agency, matter)
    reason, organ = chance.choice((("OTHER_LEGAL_PROCEDURE", "COURT"), ("OUTSIDE_POWERS", "OTHER_AGENCY")))
    story.tell(
        agency,
        "DeclinePetition",
        Around("D3", chance.choice((-6.0, -3.0, 4.0))),
        reason=f"REFUSAL_REASON_{reason}",
        explanation="不予受理的理由及应当通过的途径。(演示文本)",
        directed_to=f"ORGAN_{organ}",
    )


def _objected(story: Story, chance: Random) -> None:
    """Sent to the wrong agency, which objects in time; the next one takes it."""
    wrong, right = chance.sample(list(MATTERS), 2)
    register(story, chance, DEPARTMENT.agency, chance.choice(MATTERS[right]))
    hand_on(story, DEPARTMENT.agency, wrong, chance.uniform(1, 4))
    bounce(story, chance, DEPARTMENT.agency, wrong, chance.choice(("NOT_OUR_POWER", "NOT_OUR_TERRITORY")))
    hand_on(story, DEPARTMENT.agency, right, 1)
    handle(story, chance, right)


def _overruled(story: Story, chance: Random) -> None:
    """Objected to after the five working days, which goes on record as late; the objection is rejected."""
    agency, matter = pick(chance)
    register(story, chance, DEPARTMENT.agency, matter)
    hand_on(story, DEPARTMENT.agency, agency, chance.uniform(1, 4))
    raise_objection(story, agency, Around("D5", chance.uniform(2, 6)), "OTHER_PROCEDURE")
    story.tell(
        DEPARTMENT.agency, "RuleOnObjection", After(2), uphold=False, explanation="该事项属于你单位职权。(演示文本)"
    )
    accept(story, agency, chance.uniform(1, 4))
    notify(story, agency, After(1))
    answer(story, chance, agency, Around("D10", -chance.uniform(3, 30)))


def _ping_pong(story: Story, chance: Random) -> None:
    """Two agencies hold each other to be in charge; it goes to and fro until one gives in."""
    one, other, matter = chance.choice(DISPUTED)
    register(story, chance, DEPARTMENT.agency, matter)
    hand_on(story, DEPARTMENT.agency, one, chance.uniform(1, 3), report_days=chance.choice((60, 90)))
    for _ in range(chance.choice((2, 3, 3))):
        hand_on(story, one, other, chance.uniform(0.5, 2))
        bounce(story, chance, one, other)
    notify(story, one, After(1))
    accept(story, one, 1)
    answer(story, chance, one, After(chance.uniform(15, 50)))
    story.tell(one, "ReportBack", After(1), report="办结报告正文。(演示文本)")


def _nobodys(story: Story, chance: Random) -> None:
    """A matter that nobody wants: each agency sends it back, until the Joint Meeting Office assigns it."""
    register(story, chance, DEPARTMENT.agency, chance.choice(NOBODYS))
    refusing = chance.sample(list(MATTERS), 5)
    for agency in refusing:
        hand_on(story, DEPARTMENT.agency, agency, chance.uniform(0.5, 2))
        bounce(story, chance, DEPARTMENT.agency, agency, chance.choice(("NOT_OUR_POWER", "WRONG_LEVEL")))
    # Art. 24(1): the Joint Meeting coordinates what the agencies dispute. Its assignment is binding; the answer drags.
    hand_on(story, DEPARTMENT.agency, OFFICE.agency, 1)
    hand_on(story, OFFICE.agency, refusing[0], 4, report_days=30)
    notify(story, refusing[0], Around("D4", 3))


def _overdue(story: Story, chance: Random) -> None:
    """Accepted, and answered only after the sixty days."""
    agency, matter = pick(chance)
    register(story, chance, DEPARTMENT.agency, matter)
    hand_on(story, DEPARTMENT.agency, agency, chance.uniform(2, 9))
    notify(story, agency, Around("D4", chance.uniform(-2, 5)))
    accept(story, agency, 1)
    answer(story, chance, agency, Around("D10", chance.uniform(4, 18)))


def _extended(story: Story, chance: Random) -> None:
    """Extended once, before the sixty days were over, and answered within the longer period."""
    agency, matter = pick(chance)
    register(story, chance, agency, matter)
    notify(story, agency, Around("D3", -chance.uniform(2, 9)))
    accept(story, agency, 1)
    story.tell(
        agency,
        "ExtendHandling",
        Around("D10", -chance.uniform(2, 8)),
        days=chance.choice((15, 30)),
        approver="post/deputy-head-1",
        notified_time=AtThatTime(),
        reason="情况复杂,需要补充鉴定。(演示文本)",
    )
    answer(story, chance, agency, Around("D10", -chance.uniform(4, 8)))


def _accusation(story: Story, chance: Random) -> None:
    """An accusation goes to the discipline organ; the accused agency never receives it, Art. 30(3)."""
    accused = chance.choice(list(MATTERS))
    matter = Matter("1001", "反映该单位在项目招标中的问题线索。(演示文本)")
    register(story, chance, DEPARTMENT.agency, matter, "ACCUSATION", accused_agencies=[accused])
    story.tell(
        DEPARTMENT.agency,
        "HandOff",
        After(chance.uniform(0.5, 2)),
        kind="HANDOFF_KIND_REFERRAL",
        to_agency=DISCIPLINE.agency,
    )
    accept(story, DISCIPLINE.agency, chance.uniform(2, 6), route=None)
    story.tell(
        DISCIPLINE.agency,
        "ConcludeAccusation",
        After(chance.uniform(20, 50)),
        result="核查结果。(演示文本)",
        told_petitioner=True,
    )


def _forgotten(story: Story, chance: Random) -> None:
    """Left lying: by the department that never passes it on, or by the agency that never says a word."""
    agency, matter = pick(chance)
    if chance.random() < 0.3:
        register(story, chance, agency, matter)
        return
    register(story, chance, DEPARTMENT.agency, matter)
    if chance.random() < 0.3:
        return
    kind = "HANDOFF_KIND_TRANSFER"
    story.tell(DEPARTMENT.agency, "HandOff", Around("D1", chance.uniform(1, 6)), kind=kind, to_agency=agency)
    if chance.random() < 0.5:
        accept(story, agency, chance.uniform(5, 15))


KINDS: Mapping[str, Callable[[Story, Random], None]] = {
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
