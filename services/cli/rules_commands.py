"""`lianxi rules` and `lianxi due`: the duty table, and one date worked out aloud, for a jurist without a server."""

import json
from datetime import date, datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from domain.calendar import SHANGHAI, civil_date
from domain.rules import Rule
from services.kit.law import law_in_force

NO_FIGURE, NAMED = "no_figure_in_law", "named_by_the_assignment"


class Instant(click.ParamType[datetime]):
    """A date, or an instant; without a zone it is a time in Asia/Shanghai."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read `2024-05-06` or `2024-05-06T09:30:00+08:00`."""
        try:
            instant = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a time like 2024-05-06 or 2024-05-06T09:30:00+08:00", param, ctx)
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


@click.command()
@click.option("--on", "on", type=Day(), help="Only the rows that govern a matter first received on this day.")
@click.option("--json", "as_json", is_flag=True, help="One JSON list on standard output.")
def rules(on: date | None, *, as_json: bool) -> None:
    """Print the duty table: every period, its article, debtor, start and length. 期限表。

    A row without a length has no figure in law: it names who must move, and invents no date.

    \b
    lianxi rules
    lianxi rules --on 2021-06-01 --json
    """
    rows = [
        described(rule)
        for rule in (law_in_force().table.rows if on is None else law_in_force().table.on(on).by_id.values())
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    table = Table(show_lines=True)
    for head in ("rule", "article 条款", "what 事项", "debtor 责任方", "length 期限", "in force 施行"):
        # A narrow terminal folds a cell; it never leaves a part of it out.
        table.add_column(head, overflow="fold", no_wrap=head == "rule")
    for row in rows:
        length = f"{row['length']} {row['unit'].replace('_', ' ')}s" if row["length"] else _WORDS[row["state"]]
        extension = f"\n+ {row['extension']} 延长" if row["extension"] else ""
        in_force = f"{row['effective_from']} – {row['effective_to'] or ''}"
        what = f"{row['title_zh']}\n{row['title']}"
        table.add_row(row["rule"], row["article"], what, row["debtor"], length + extension, in_force)
    Console().print(table)


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
    received = on or civil_date(start)
    in_force = law_in_force().table.on(received).by_id
    rule = in_force.get(rule_id.upper())
    if rule is None:
        known = ", ".join(sorted(in_force))
        raise click.BadParameter(f"no rule {rule_id} on {received}; there are {known}", param_hint="RULE")
    if extension > rule.extension_days_max:
        reason = f"{rule.article} allows at most {rule.extension_days_max} days of extension"
        raise click.BadParameter(reason, param_hint="--extension")
    found = worked_out(rule, start, extension)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    console = Console()
    console.print(f"[bold]{rule.rule_id}[/] {rule.article} {rule.title_zh} {rule.title}")
    for step in found["steps"]:
        console.print(f"  {step}")
    console.print(f"[bold]{found['due_date'] or '–'}[/] {_WORDS.get(found['state'], found['state'])}")


_WORDS = {
    NO_FIGURE: "no figure in law 法律未规定期限",
    NAMED: "named by the assignment 交办时指定",
    "final": "final 确定",
    "calendar_unpublished": "provisional 暂定:放假安排未公布",
}


def described(rule: Rule) -> dict[str, Any]:
    """A row of the duty table as a JSON object."""
    return {
        "rule": rule.rule_id,
        "version": rule.version,
        "article": rule.article,
        "title": rule.title,
        "title_zh": rule.title_zh,
        "nature": rule.nature,
        "debtor": rule.debtor,
        "start": sorted({start.event for start in rule.starts}),
        "length": rule.length,
        "unit": rule.unit if rule.length else None,
        "state": _state(rule),
        "extension": rule.extension_days_max or None,
        "suspension": None,
        "jurisdiction": "CN",
        "effective_from": rule.effective_from.isoformat(),
        "effective_to": rule.effective_to.isoformat() if rule.effective_to else None,
    }


def _state(rule: Rule) -> str:
    if rule.named_in:
        return NAMED
    return "dated" if rule.length else NO_FIGURE


def worked_out(rule: Rule, start: datetime, extension_days: int) -> dict[str, Any]:
    """The due date of a row from a starting instant, with its state and each step, as a JSON object."""
    frame: dict[str, Any] = {"rule": rule.rule_id, "version": rule.version, "article": rule.article}
    if rule.length is None:
        state = _state(rule)
        return frame | {
            "due_date": None,
            "due_time": None,
            "state": state,
            "steps": [f"{rule.article}: {_WORDS[state]}"],
        }
    found = law_in_force().due_of(rule, start, extension_days=extension_days)
    return frame | {
        "due_date": found.due_date.isoformat(),
        "due_time": found.due_time.isoformat(),
        "state": found.state,
        "calendar": found.calendar_version,
        "steps": [step.en for step in found.steps],
    }
