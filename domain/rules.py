"""What a row of the duty table is, and how rows are found by the day on which a matter was first received.

A row is keyed by jurisdiction, procedure, step (its rule id) and effective date. Where the law gives no figure the row
has none: it still names who must move, so that at no moment nobody owes anything. The rows are `domain.duty_table`;
`domain.duties` folds facts by them; `domain.local_rules` adds the figures that an office sets where the law is silent.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Self

from domain.calendar import Unit
from domain.vocabulary import Word

IN_FORCE_2022 = date(2022, 5, 1)
IN_FORCE_2005 = date(2005, 5, 1)
EXTENSION_DAYS_MAX = 30
NATIONWIDE = "CN"


class Nature(StrEnum):
    """What kind of row it is.

    A duty binds its debtor; a window is a right that lapses and no obligation that is breached; a limit is a guard and
    no period; a standing duty belongs to an institution and not to a petition.
    """

    DUTY = "duty"
    WINDOW = "window"
    LIMIT = "limit"
    STANDING = "standing"


class Procedure(Word):
    """The procedure of the Regulations that a row belongs to."""

    INTAKE = "intake", "提出和登记"
    ROUTING = "routing", "转送、交办"
    JOINT_HANDLING = "joint_handling", "协商与协调"
    URGENT = "urgent", "重大、紧急事项报告"
    HANDLING = "handling", "办理"
    SIMPLIFIED = "simplified", "简易办理"
    EXECUTION = "execution", "执行"
    REVIEW = "review", "复查"
    REREVIEW = "rereview", "复核"
    SUPERVISION = "supervision", "监督"


class Debtor(Word):
    """Who owes what a row asks for; a duty names the agency that it is in the case at hand."""

    PETITIONER = "petitioner", "信访人"
    PETITION_DEPARTMENT = "petition department", "信访部门"
    EVERY_AGENCY = "every agency", "各级机关、单位"
    ADDRESSED = "agency addressed directly", "直接收到信访事项的机关、单位"
    RECEIVER = "receiver", "收到转送、交办的机关、单位"
    SENDER = "sender", "转送、交办的机关、单位"
    HOLDER = "holder", "持有信访事项的机关、单位"
    ASSISTANT = "assisting agency", "协办机关、单位"
    COORDINATOR = "Joint Meeting Office or common superior", "联席会议办公室或者共同的上一级机关、单位"
    ORGAN = "political-legal or discipline organ", "政法部门、纪检监察机关"
    HANDLER = "agency with power", "有权处理的机关、单位"
    REVIEWER = "reviewing agency", "复查机关、单位"
    REREVIEWER = "re-reviewing agency", "复核机关、单位"
    PARTY_AND_GOVERNMENT = "Party committee and government", "党委和政府"
    MEMBER_UNIT = "member unit of the Joint Meeting", "联席会议成员单位"
    LEADERS = "leaders of every agency", "各级机关、单位领导干部"
    RECTIFIED = "leading group or leader", "领导班子和领导干部"
    INSPECTORS = (
        "Party committees, governments, Joint Meeting and petition departments",
        "党委和政府、联席会议、信访部门",
    )


class Rhythm(Word):
    """How often a standing duty falls due where the law says so in a word and not in days."""

    YEARLY = "yearly", "每年"
    REGULAR = "regularly", "定期"
    PROMPTLY = "promptly", "及时"
    AS_NEEDED = "as needed", "根据需要"


Conditions = tuple[tuple[str, tuple[object, ...]], ...]
"""Fields of the event, or of the agency's receipt of the petition (`domain.duties.Receipt`), each with its values."""


_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Fact:
    """A kind of event, named without its `lianxi.case.v1.` prefix, and what must hold for it to count."""

    event: str
    when: Conditions = ()

    def holds(self, *sources: object) -> bool:
        """Tell whether every condition holds, each read from the first source that has its field."""
        for name, values in self.when:
            for source in sources:
                value = getattr(source, name, _ABSENT)
                if value is not _ABSENT:
                    break
            else:
                return False
            if value not in values:
                return False
        return True


@dataclass(frozen=True, slots=True)
class Start(Fact):
    """What starts a period, and where the starting instant stands.

    It is a field of the event, or `case_received_time`: after a return no fresh period is granted, so the first start
    is kept.
    """

    instant: str = "occurred_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row of the duty table.

    A row is about the hand-off by which the agency came to hold the petition, or about an arrangement of its own that
    the field `about` of the starting event names. What ends such duties names the same one, so that a petition that
    comes round twice never mixes them up. `external` marks the clock of an organ that follows rules of its own. A limit
    names in `enforced_by` the codes of the refusals that hold it, and `basis` is who set a figure that the law left
    open. The day that `named_in` points to must be there, unless the row `may_be_unnamed`.
    """

    rule_id: str
    version: str
    article: str
    title: str
    title_zh: str
    debtor: Debtor
    procedure: Procedure
    starts: tuple[Start, ...] = ()
    met_by: tuple[Fact, ...] = ()
    released_by: tuple[Fact, ...] = ()
    suspended_by: str | None = None
    resumed_by: str | None = None
    length: int | None = None
    unit: Unit = Unit.CALENDAR_DAY
    named_in: str | None = None
    may_be_unnamed: bool = False
    rhythm: Rhythm | None = None
    extension_days_max: int = 0
    roll_forward: bool = False
    nature: Nature = Nature.DUTY
    external: bool = False
    enforced_by: tuple[str, ...] = ()
    about: str | None = None
    jurisdiction: str = NATIONWIDE
    basis: str = ""
    effective_from: date = IN_FORCE_2022
    effective_to: date | None = None

    def is_in_force(self, day: date) -> bool:
        """Tell whether the row governs a matter first received on that civil date."""
        return self.effective_from <= day and (self.effective_to is None or day < self.effective_to)


def when(**conditions: object) -> Conditions:
    """Name the conditions of a fact: a field and its value, or the tuple of its values."""
    return tuple((name, value if isinstance(value, tuple) else (value,)) for name, value in conditions.items())


def facts(names: str, **conditions: object) -> tuple[Fact, ...]:
    """Name several kinds of event under the same conditions."""
    return tuple(Fact(name, when(**conditions)) for name in names.split())


class Rows:
    """The rows that govern the matters first received in one span of days, by rule id.

    It also knows, for each event, the rows that the event starts and those that it may end, because a fold asks
    that of every fact.
    """

    __slots__ = ("_effects", "by_id")

    def __init__(self, by_id: Mapping[str, Rule]) -> None:
        self.by_id = by_id
        self._effects: dict[str, Effects] = {}

    def effects(self, event_name: str) -> "Effects":
        """What the event may do to duties."""
        found = self._effects.get(event_name)
        if found is None:
            found = self._effects[event_name] = Effects.of(event_name, self.by_id.values())
        return found


@dataclass(frozen=True, slots=True)
class Effects:
    """What one kind of event may do under the rows of a span: start, meet, release, suspend, resume."""

    starts: tuple[tuple[Rule, Start], ...]
    met: "Ended"
    released: "Ended"
    suspends: frozenset[str]
    resumes: frozenset[str]

    @classmethod
    def of(cls, event_name: str, rules: Iterable[Rule]) -> "Effects":
        """Collect the effects of an event from the rows."""
        rows = tuple(rules)

        return cls(
            starts=tuple((row, start) for row in rows for start in row.starts if start.event == event_name),
            met=Ended.of((row.rule_id, fact) for row in rows for fact in row.met_by if fact.event == event_name),
            released=Ended.of(
                (row.rule_id, fact) for row in rows for fact in row.released_by if fact.event == event_name
            ),
            suspends=frozenset(row.rule_id for row in rows if row.suspended_by == event_name),
            resumes=frozenset(row.rule_id for row in rows if row.resumed_by == event_name),
        )


@dataclass(frozen=True, slots=True)
class Ended:
    """The rows that an event ends whatever it says, and those that it ends if what it says fulfils the conditions."""

    always: frozenset[str]
    sometimes: tuple[tuple[str, Fact], ...]

    @classmethod
    def of(cls, facts: Iterable[tuple[str, Fact]]) -> Self:
        """Tell the unconditional from the conditional, because most facts need no look at what they say."""
        found = tuple(facts)
        return cls(
            frozenset(rule_id for rule_id, fact in found if not fact.when),
            tuple((rule_id, fact) for rule_id, fact in found if fact.when),
        )

    def by(self, event: object) -> frozenset[str]:
        """The rows that this event ends."""
        if not self.sometimes:
            return self.always
        return self.always | {rule_id for rule_id, fact in self.sometimes if fact.holds(event)}


NO_ROWS = Rows({})
"""What governs a matter before the first Regulations of the table."""


class RuleTable:
    """The rows that are in force together; `version` names what was added to the national rows, and is empty without.

    Of two rows of one id that govern the same day the later in `rows` counts: a local figure stands after the row that
    it completes. Tables are compared by version.
    """

    __slots__ = ("_by_key", "_changes", "_spans", "rows", "version")

    def __init__(self, rows: tuple[Rule, ...], version: str = "") -> None:
        self.rows = rows
        self.version = version
        self._by_key = {(row.rule_id, row.version): row for row in rows}
        self._changes = sorted({day for row in rows for day in (row.effective_from, row.effective_to) if day})
        self._spans = [Rows({row.rule_id: row for row in rows if row.is_in_force(day)}) for day in self._changes]

    def on(self, first_received: date) -> Rows:
        """The rows that govern a matter first received on that civil date."""
        span = bisect_right(self._changes, first_received)
        return self._spans[span - 1] if span else NO_ROWS

    def row(self, rule_id: str, version: str) -> Rule:
        """The row of that id and version; raise `KeyError` where the table has none."""
        return self._by_key[rule_id, version]

    def __hash__(self) -> int:
        return hash(self.version)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RuleTable) and other.version == self.version
