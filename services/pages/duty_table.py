"""The duty table in words: a row as an object, its period as a phrase, one date worked out, the whole as a page.

Nothing here decides: every word follows from the row. What the law leaves open is called so, in both languages.
"""

from collections.abc import Callable
from datetime import datetime
from itertools import groupby
from typing import Any

from domain.articles import article_zh
from domain.calendar import Step, Unit, civil_date
from domain.explanation import given_by, no_figure
from domain.law import Law
from domain.rules import Nature, Procedure, Rhythm, Rule

NO_FIGURE, NAMED, EXTERNAL = "no_figure_in_law", "named_by_the_assignment", "external_clock"
DATED, LIMIT, YEARLY = "dated", "limit", "yearly"

_UNITS = {
    Unit.CALENDAR_DAY: ("日", "calendar days"),
    Unit.WORKING_DAY: ("个工作日", "working days"),
    Unit.PERSON: ("人", "persons"),
}
_SAID = {
    NO_FIGURE: ("法律未规定期限", "no figure in law"),
    NAMED: ("交办(或者要求)时指定", "named by the assignment"),
    EXTERNAL: ("依该机关或者程序自身规定", "the clock of the organ or procedure itself"),
    LIMIT: ("界限,不是期限", "a limit and no period"),
    YEARLY: ("每年", "yearly"),
}
HEARING_ZH, HEARING = "听证期间不计入", "hearings are not counted"


def state_of(rule: Rule) -> str:
    """Where a row's date comes from, as a word for machines."""
    if rule.length is not None:
        return LIMIT if rule.nature is Nature.LIMIT else DATED
    if rule.nature is Nature.LIMIT:
        return LIMIT
    if rule.named_in:
        return NAMED
    if rule.external:
        return EXTERNAL
    return YEARLY if rule.rhythm is Rhythm.YEARLY else NO_FIGURE


def state_words(rule: Rule) -> Step:
    """The length of a row, or why it has none, in Chinese and English."""
    if rule.length is None:
        zh, en = _SAID[state_of(rule)]
        if rule.rhythm and state_of(rule) == NO_FIGURE:
            return Step(f"{rule.rhythm.term};{zh}", f"{rule.rhythm}; {en}")
        return Step(zh, en)
    zh, en = _UNITS[rule.unit]
    local = f" ({rule.basis})" if rule.basis else ""
    return Step(f"{rule.length} {zh}{local}", f"{rule.length} {en}{local}")


def described(rule: Rule) -> dict[str, Any]:
    """A row of the duty table as a JSON object."""
    return {
        "rule": rule.rule_id,
        "version": rule.version,
        "article": rule.article,
        "article_zh": article_zh(rule.article),
        "procedure": rule.procedure,
        "title": rule.title,
        "title_zh": rule.title_zh,
        "nature": rule.nature,
        "debtor": rule.debtor,
        "debtor_zh": rule.debtor.term,
        "start": sorted({start.event for start in rule.starts}),
        "met_by": sorted({fact.event for fact in rule.met_by}),
        "released_by": sorted({fact.event for fact in rule.released_by}),
        "length": rule.length,
        "unit": rule.unit if rule.length else None,
        "state": state_of(rule),
        "rhythm": rule.rhythm,
        "extension": rule.extension_days_max or None,
        "suspension": rule.suspended_by,
        "roll_forward": rule.roll_forward,
        "external": rule.external,
        "enforced_by": list(rule.enforced_by),
        "jurisdiction": rule.jurisdiction,
        "basis": rule.basis or None,
        "effective_from": rule.effective_from.isoformat(),
        "effective_to": rule.effective_to.isoformat() if rule.effective_to else None,
    }


def worked_out(law: Law, rule: Rule, start: datetime, extension_days: int = 0) -> dict[str, Any]:
    """The due date of a row from a starting instant, with its state and each step, as a JSON object."""
    steps: tuple[Step, ...]
    if rule.length is None:
        date = time = None
        state = state_of(rule)
        steps = (no_figure(rule),) if state == NO_FIGURE else (state_words(rule),)
    else:
        found = law.due_from(rule, civil_date(start), extension_days=extension_days)
        date, time, state = found.due_date.isoformat(), found.due_time.isoformat(), found.state
        steps = (*given_by(rule), *found.steps)
    return {
        "rule": rule.rule_id,
        "version": rule.version,
        "article": rule.article,
        "article_zh": article_zh(rule.article),
        "due_date": date,
        "due_time": time,
        "state": state,
        "calendar": law.version,
        "steps": [step.en for step in steps],
        "steps_zh": [step.zh for step in steps],
    }


def page_zh(law: Law) -> str:
    """The duty table as a page for officials."""
    return _page(law, _HEAD_ZH, lambda row: row.procedure.term, _cells_zh)


def page_en(law: Law) -> str:
    """The duty table as a page for everybody else."""
    return _page(law, _HEAD_EN, lambda row: row.procedure.replace("_", " ").capitalize(), _cells_en)


def _page(law: Law, head: str, title: Callable[[Rule], str], cells: Callable[[Rule], list[str]]) -> str:
    introduction, columns = head.strip().rsplit("\n\n", 1)
    ruler = "|" + "---|" * (columns.count("|") - 1)
    order = list(Procedure)
    parts = [introduction]
    for _, group in groupby(
        sorted(law.table.rows, key=lambda row: order.index(row.procedure)), lambda row: row.procedure
    ):
        members = list(group)
        lines = [f"| {' | '.join(cells(row))} |" for row in members]
        parts.append("\n".join([f"## {title(members[0])}", "", columns, ruler, *lines]))
    return "\n\n".join(parts) + "\n"


def _cells_zh(row: Rule) -> list[str]:
    extras = [f"可延长 {row.extension_days_max} 日"] if row.extension_days_max else []
    extras += [HEARING_ZH] if row.suspended_by else []
    extras += ["末日遇休息日顺延"] if row.roll_forward else []
    until = f"至 {row.effective_to} 前" if row.effective_to else ""
    return [
        f"`{row.rule_id}`",
        article_zh(row.article),
        row.debtor.term,
        row.title_zh,
        ";".join([state_words(row).zh, *extras]),
        _events(row.starts) or "–",
        _events(row.met_by) or "、".join(f"`{code}`" for code in row.enforced_by) or "–",
        f"{row.effective_from} 起{until}",
    ]


def _cells_en(row: Rule) -> list[str]:
    extras = [f"up to {row.extension_days_max} more"] if row.extension_days_max else []
    extras += [HEARING] if row.suspended_by else []
    extras += ["a day off moves the last day on"] if row.roll_forward else []
    until = f"until {row.effective_to}" if row.effective_to else "on"
    return [
        f"`{row.rule_id}`",
        row.article,
        str(row.debtor),
        row.title,
        "; ".join([state_words(row).en, *extras]),
        _events(row.starts) or "–",
        _events(row.met_by) or ", ".join(f"`{code}`" for code in row.enforced_by) or "–",
        f"{row.effective_from} {until}",
    ]


def _events(facts: tuple[Any, ...]) -> str:
    return " ".join(f"`{name}`" for name in dict.fromkeys(fact.event for fact in facts))


_HEAD_ZH = """# 期限表

本页由 `make pages` 从 `domain/duty_table.py` 生成,请勿手改。《信访工作条例》自 2022 年 5 月 1 日起施行;此前收到的信访
事项适用 2005 年《信访条例》。法律未规定期限的,如实写明,不作推定;各地可以依据地方规定设定,见
[示例](../deploy/local-rules.example.toml)。除注明工作日外均为自然日,起算日不计入,末日 24:00(北京时间)届满。

| 编号 | 条款 | 责任方 | 事项 | 期限 | 起算 | 完成(或者把关) | 施行 |
"""
_HEAD_EN = """# The duty table

`make pages` writes this page from `domain/duty_table.py`; a change belongs there. The Regulations on Petition Work are
in force since 1 May 2022; a matter first received before is under the Regulations of 2005. Where the law gives no
figure the table says so and invents none; a place may set one under a rule of its own, see the
[example](../deploy/local-rules.example.toml). Days are calendar days unless they are called working days; the first is
not counted, and the last ends at 24:00 in Beijing.

| rule | article | who | what | period | starts with | met by, or guarded by | in force |
"""
