"""What one asks the office: who holds it, what is late, what is due, through whose hands, how so, the whole picture."""

from typing import Any

import click
from rich.table import Table

from lianxi.office.v1 import office_service_pb2 as pb
from lianxi.type.v1 import duty_pb2
from services.cli import office_tables as tables
from services.cli import petitioner_tables
from services.cli.office_calls import Office, asks_office

ROWS_SHOWN = 50
_LIMIT = click.option("--limit", default=ROWS_SHOWN, show_default=True, type=click.IntRange(1, 500), help="Rows.")
_DEBTOR = click.option("--debtor", default="", metavar="ID", help="Only what this agency owes.")


@click.command(short_help="Who holds it and why. 谁在办")
@click.argument("petition_id")
@asks_office
def petition(office: Office, *, petition_id: str) -> None:
    """Say who holds a petition and why, through whose hands it passed, and what is owed on it. 谁在办、为什么。

    \b
    lianxi office petition 5d1c3a52-0000-4000-8000-000000000001
    """
    found: pb.Petition = office.ask("GetPetition", pb.GetPetitionRequest(petition_id=petition_id))
    handoffs = office.ask("ListHandoffs", pb.ListHandoffsRequest(petition_id=petition_id)).handoffs
    duties = office.ask("ListDuties", pb.ListDutiesRequest(petition_id=petition_id, page_size=200)).duties
    if office.as_json:
        office.show_json(petition=found, handoffs=list(handoffs), duties=list(duties))
        return
    office.console.print(tables.petition(found))
    office.console.print(tables.handoffs(handoffs))
    office.console.print(tables.duties(duties, "duties 责任事项", office.console, of_one_petition=True))


@click.command(short_help="What is late, oldest due first. 超期")
@_DEBTOR
@_LIMIT
@asks_office
def late(office: Office, *, debtor: str, limit: int) -> None:
    """List what is past its date and not done, the oldest date first. 超期未办,最早到期的在前。

    \b
    lianxi office late
    lianxi office late --debtor housing-bureau --json
    """
    request = pb.ListDutiesRequest(debtor=debtor, statuses=[tables.BREACHED], page_size=limit)
    _show_duties(office, request, "late 超期")


@click.command(short_help="What is due in the next days. 即将到期")
@click.option("--days", default=7, show_default=True, type=click.IntRange(0, 3660), help="From today on.")
@_DEBTOR
@_LIMIT
@asks_office
def due(office: Office, *, days: int, debtor: str, limit: int) -> None:
    """List what falls due today and in the next days. 今天起若干天内到期。

    \b
    lianxi office due --days 7
    """
    request = pb.ListDutiesRequest(debtor=debtor, statuses=[tables.OPEN], due_within_days=days, page_size=limit)
    _show_duties(office, request, f"due within {days} days {days} 天内到期")


def _show_duties(office: Office, request: pb.ListDutiesRequest, title: str) -> None:
    answer: pb.ListDutiesResponse = office.ask("ListDuties", request)
    if office.as_json:
        office.show_json(answer=answer)
        return
    office.console.print(tables.duties(answer.duties, title, office.console))
    if answer.next_page_token:
        office.console.print("… and more 还有更多 (--limit)")


@click.command(short_help="Through whose hands it passed. 流转过程")
@click.argument("petition_id")
@asks_office
def handoffs(office: Office, *, petition_id: str) -> None:
    """Say through whose hands a petition passed, and to whom each stretch of time is charged. 流转过程和责任时段。

    \b
    lianxi office handoffs 5d1c3a52-0000-4000-8000-000000000001
    """
    passed = office.ask("ListHandoffs", pb.ListHandoffsRequest(petition_id=petition_id, page_size=200)).handoffs
    custody: pb.ListCustodyResponse = office.ask("ListCustody", pb.ListCustodyRequest(petition_id=petition_id))
    if office.as_json:
        office.show_json(handoffs=list(passed), custody=custody)
        return
    office.console.print(tables.handoffs(passed))
    office.console.print(tables.custody(custody.segments))
    office.console.print(tables.clocks(custody))


@click.command(short_help="Every fact on it. 办理记录")
@click.argument("petition_id")
@_LIMIT
@asks_office
def timeline(office: Office, *, petition_id: str, limit: int) -> None:
    """List every fact on a petition, in the order in which the office took them in. 全部办理记录。

    \b
    lianxi office timeline 5d1c3a52-0000-4000-8000-000000000001
    """
    answer = office.ask("ListTimeline", pb.ListTimelineRequest(petition_id=petition_id, page_size=limit))
    if office.as_json:
        office.show_json(answer=answer)
        return
    office.console.print(tables.timeline(answer.entries))


@click.command(short_help="How a date comes about. 日期由来")
@click.argument("duty_id")
@asks_office
def explain(office: Office, *, duty_id: str) -> None:
    """Say how the date of a duty comes about, a step a line. 期限如何计算。

    DUTY_ID stands in the column "duty" of `lianxi office late`, `due` and `petition`.
    """
    found: duty_pb2.DueExplanation = office.ask("ExplainDuty", pb.ExplainDutyRequest(duty_id=duty_id))
    if office.as_json:
        office.show_json(explanation=found)
        return
    office.console.print(tables.duties([found.duty], f"{found.title_zh} {found.title}", office.console))
    for number, (zh, en) in enumerate(zip(found.steps_zh, found.steps, strict=True), 1):
        office.console.print(f"  {number}. {zh}\n     {en}", highlight=False)


@click.command(short_help="What waits without a date in law. 法律未定期限的事项")
@click.option(
    "--rule", default="", metavar="ID", help="Only this row of the duty table, e.g. D4-ACCEPTANCE, D5-RULING."
)
@click.option("--older-than", default=0, show_default=True, type=click.IntRange(0, 36_600), help="Days open at least.")
@_DEBTOR
@_LIMIT
@asks_office
def gaps(office: Office, *, rule: str, older_than: int, debtor: str, limit: int) -> None:
    """List what is owed but has no date in law, the longest open first. 法律未规定期限、正在等待的事项。

    \b
    lianxi office gaps --rule D4-ACCEPTANCE --older-than 15   received, neither accepted nor objected to 收而不受理
    lianxi office gaps --rule D5-RULING                       objections that nobody rules on 异议待核实
    """
    request = pb.ListGapsRequest(rule=rule, debtor=debtor, open_days_min=older_than, page_size=limit)
    answer: pb.ListGapsResponse = office.ask("ListGaps", request)
    if office.as_json:
        office.show_json(answer=answer)
        return
    office.console.print(tables.gaps(answer.gaps))


@click.command(short_help="What goes to the Joint Meeting by itself. 提请联席会议事项")
@_LIMIT
@asks_office
def docket(office: Office, *, limit: int) -> None:
    """List what goes to and fro so that the Joint Meeting must hear of it. 三次退回或互相异议的事项。

    \b
    lianxi office docket
    """
    answer: pb.ListDocketResponse = office.ask("ListDocket", pb.ListDocketRequest(page_size=limit))
    if office.as_json:
        office.show_json(answer=answer)
        return
    office.console.print(tables.docket(answer.entries))


@click.command(short_help="The whole picture in numbers. 总览")
@asks_office
def overview(office: Office, **_: Any) -> None:
    """Show the whole picture in numbers. 总览:事项、责任、流转、各节点进度。

    What is counted by agency leaves accusations out, because a small number could tell who is accused.
    """
    found: pb.Overview = office.ask("GetOverview", pb.GetOverviewRequest())
    if office.as_json:
        office.show_json(overview=found)
        return
    shown: list[Table] = tables.overview(found)
    for table in shown:
        office.console.print(table)


@click.command(short_help="How petitioners rate the work. 满意度")
@asks_office
def ratings(office: Office, **_: Any) -> None:
    """Show how petitioners rated each agency's work, with silence in a column of its own. 群众满意度评价。

    Small counts, and what they could be worked out from, are not shown; there is no ranking and no total.

    \b
    lianxi office ratings
    """
    answer: pb.GetRatingsResponse = office.ask("GetRatings", pb.GetRatingsRequest())
    if office.as_json:
        office.show_json(answer=answer)
        return
    office.console.print(petitioner_tables.ratings(answer.ratings))


QUESTIONS: tuple[click.Command, ...] = (
    overview,
    late,
    due,
    gaps,
    docket,
    ratings,
    petition,
    handoffs,
    timeline,
    explain,
)
"""The commands that `lianxi office` adds, in the order of its help."""
