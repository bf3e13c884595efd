"""`lianxi rules` and `lianxi due`: the duty table, and one date worked out aloud, for a jurist without a server.

Both read the local figures that `LIANXI_LOCAL_RULES` names, as a node does.
"""

import json
import os
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from domain.calendar import SHANGHAI, civil_date
from domain.law import Law
from domain.local_rules import LocalRulesRefused
from domain.rules import IN_FORCE_2005, Nature, Rule
from services.kit.law import LOCAL_RULES, law_in_force, read_local_rules
from services.pages.duty_table import described, state_words, worked_out

LAST_YEAR = 9000
"""Beyond it a long period would run off the calendar."""


class Instant(click.ParamType[datetime]):
    """A date, or an instant; without a zone it is a time in Asia/Shanghai."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read `2024-05-06` or `2024-05-06T09:30:00+08:00`."""
        try:
            instant = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a time like 2024-05-06 or 2024-05-06T09:30:00+08:00", param, ctx)
        if instant.year > LAST_YEAR:
            self.fail(f"{value!r}: dates are worked out up to the year {LAST_YEAR}", param, ctx)
        return instant if instant.tzinfo else instant.replace(tzinfo=SHANGHAI)


class Day(click.ParamType[date]):
    """A civil date."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read `2024-05-06`."""
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a date like 2024-05-06", param, ctx)


def law() -> Law:
    """The law with the local figures of the environment; wrong ones end the command."""
    path = os.environ.get(LOCAL_RULES, "").strip()
    if not path:
        return law_in_force()
    try:
        return law_in_force(local=read_local_rules(Path(path)))
    except LocalRulesRefused as refused:
        raise click.ClickException("\n".join(f"{LOCAL_RULES}: {problem}" for problem in refused.problems)) from None


@click.command()
@click.option("--on", "on", type=Day(), help="Only the rows that govern a matter first received on this day.")
@click.option("--json", "as_json", is_flag=True, help="One JSON list on standard output.")
def rules(on: date | None, *, as_json: bool) -> None:
    """Print the duty table: every period, its article, debtor, start and length. 期限表。

    A row without a length has no figure in law: it names who must move, and invents no date. Figures that a place has
    set are read from the file that LIANXI_LOCAL_RULES names.

    \b
    lianxi rules
    lianxi rules --on 2021-06-01 --json
    """
    table = law().table
    rows = [*(table.rows if on is None else table.on(on).by_id.values())]
    if not rows:
        raise click.BadParameter(f"no rule on {on}: the duty table begins on {IN_FORCE_2005}", param_hint="--on")
    if as_json:
        click.echo(json.dumps([described(rule) for rule in rows], ensure_ascii=False, indent=2))
        return
    Console().print(_table(rows))


def _table(rows: Iterable[Rule]) -> Table:
    table = Table(show_lines=True)
    for head in ("rule 规则\narticle 条款", "what 事项\ndebtor 责任方", "length 期限\nstart 起算\nin force 施行"):
        # A narrow terminal folds a cell between words; it never leaves a part of it out.
        table.add_column(head, overflow="fold")
    for rule in rows:
        row = described(rule)
        extension = f"\n+ {row['extension']} 延长" if row["extension"] else ""
        suspension = f"\n{row['suspension']} 停止计算" if row["suspension"] else ""
        table.add_row(
            f"[bold]{rule.rule_id}[/]\n{row['article_zh']}\n{rule.article}",
            f"{rule.title_zh}\n{rule.title}\n[dim]{rule.debtor.term} {rule.debtor}[/]",
            f"[bold]{' '.join(state_words(rule))}[/]{extension}{suspension}\n[dim]{' '.join(row['start'])}\n"
            f"{row['jurisdiction']} {row['effective_from']} – {row['effective_to'] or ''}[/]",
        )
    return table


@click.command()
@click.argument("rule_id", metavar="RULE")
@click.option("--from", "start", type=Instant(), required=True, help="When the period starts, such as 2024-05-06.")
@click.option(
    "--on", "on", type=Day(), help="First receipt of the matter, which decides the Regulations. [default: --from]"
)
@click.option("--extension", type=click.IntRange(0, 30), default=0, help="Days of extension.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def due(rule_id: str, start: datetime, on: date | None, extension: int, *, as_json: bool) -> None:
    """Work out one date aloud. 计算期限并说明过程。

    \b
    lianxi due D5 --from 2022-05-01
    lianxi due D10 --from 2021-03-02T10:00:00+08:00 --extension 30 --json
    """
    in_force = law()
    rule = _rule(in_force, rule_id.upper(), on or civil_date(start))
    if extension > rule.extension_days_max:
        reason = f"{rule.article} allows at most {rule.extension_days_max} days of extension"
        raise click.BadParameter(reason, param_hint="--extension")
    found = worked_out(in_force, rule, start, extension)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    console = Console()
    console.print(f"[bold]{rule.rule_id}[/] {found['article_zh']} {rule.title_zh}\n{rule.article} {rule.title}")
    for zh, en in zip(found["steps_zh"], found["steps"], strict=True):
        console.print(f"  {zh}\n  {en}", highlight=False)
    console.print(f"[bold]{found['due_date'] or '–'}[/] {_SAID.get(found['state'], '; '.join(state_words(rule)))}")


def _rule(in_force: Law, rule_id: str, received: date) -> Rule:
    """The row in force; a row that is no period, or none, is told in words."""
    rows = in_force.table.on(received).by_id
    rule = rows.get(rule_id)
    if rule is None:
        known = ", ".join(rows) or f"none: the duty table begins on {IN_FORCE_2005}"
        raise click.BadParameter(f"no rule {rule_id} on {received}; there are {known}", param_hint="RULE")
    if rule.nature is Nature.LIMIT:
        raise click.BadParameter(f"{rule_id} is a limit and no period: {rule.article} {rule.title}", param_hint="RULE")
    return rule


_SAID = {"final": "final 确定", "calendar_unpublished": "provisional 暂定:放假安排未公布"}
