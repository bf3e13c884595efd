"""The steps of the 2005 Regulations (国务院令第431号), for matters first received before 1 May 2022.

Each is a row of 2022 with what was different. The old Regulations know no objection and no separate notice: within
fifteen days the agency decides on acceptance and says so. They know no routes and no streams: the sixty days run for
every matter that no other law gives a procedure of its own (Art. 33). They give thirty days for answering a
recommendation (Art. 36(2)), for which the law of 2022 has no figure.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from domain.calendar import Unit
from domain.rules import IN_FORCE_2005, IN_FORCE_2022, Debtor, Fact, Rhythm, Rule, Start, facts, when

_ANSWERED = facts("OpinionServed Settled SuggestionReplied AccusationConcluded")
_REJECTED_SUGGESTION = facts("SuggestionDecided", adoption="not_adopted")
_DECIDED: tuple[Fact, ...] = facts("Accepted NotAccepted HandedOff")


def rows_of_2005(rows: Iterable[Rule]) -> tuple[Rule, ...]:
    """Return the rows of the 2005 Regulations, made from the same steps of those of 2022."""
    today = {row.rule_id: row for row in rows}

    def then(rule_id: str, article: str, *, like: str = "", **changes: Any) -> Rule:
        return replace(
            today[like or rule_id],
            rule_id=rule_id,
            version="2005",
            article=f"2005 Regulations {article}",
            effective_from=IN_FORCE_2005,
            effective_to=IN_FORCE_2022,
            **changes,
        )

    decide = {"title": "decide on acceptance and tell the petitioner", "title_zh": "决定是否受理并书面告知"}
    accepted = today["D4-ACCEPTANCE"].starts
    without_address = when(reply_address_known=False)
    return (
        then("D1", "Art. 21(1)"),
        then("D1-DELIVERY", "Art. 21(1)"),
        then("D2", "Art. 21(1)(4)"),
        then("D3", "Art. 22(2)", **decide, starts=_with_returns(today["D3"].starts), met_by=_DECIDED),
        then("D3-ACCEPTANCE", "Art. 22(1)", like="D4-ACCEPTANCE", debtor=Debtor.ADDRESSED,
             starts=tuple(replace(start, when=(*start.when, *without_address)) for start in accepted[:2])),
        then("D4", "Art. 21(2)", **decide, starts=_with_returns(today["D4"].starts), met_by=_DECIDED),
        then("D7", "Art. 24"),
        then("D7-ASSIST", "Art. 24"),
        then("D8-COMMITTEE", "Art. 26(1)", title="report to the own government", title_zh="立即报告本级人民政府"),
        then("D10", "Art. 33", starts=(*today["D10"].starts, *today["D11-SUGGESTION"].starts,
                                       *today["D11-ACCUSATION"].starts),
             met_by=(*_ANSWERED, *_REJECTED_SUGGESTION)),
        then("D11-PROCEDURE", "Art. 33"),
        then("EXECUTION", "Art. 32(2)"),
        then("D12", "Art. 34"),
        then("D13", "Art. 34"),
        then("D13-DELIVERY", "Art. 34"),
        then("D13-REDO", "Art. 34"),
        then("D14", "Art. 35(1)"),
        then("D15", "Art. 35(1)"),
        then("D15-SERVICE", "Art. 35(3)"),
        then("D16", "Art. 18(2)"),
        then("D17", "Art. 16"),
        then("D18", "Art. 16"),
        then("D19", "Art. 35(3)"),
        then("D21", "Art. 39", title="report on petitions", title_zh="提交信访情况分析报告", rhythm=Rhythm.REGULAR),
        then("D22", "Art. 36(2)", title="answer a recommendation in writing, with reasons if not adopted",
             title_zh="书面反馈改进建议,未采纳的说明理由", length=30, unit=Unit.CALENDAR_DAY),
    )  # fmt: skip


def _with_returns(starts: tuple[Start, ...]) -> tuple[Start, ...]:
    """What began runs on after a return in 2022; in 2005 passing on ended it, so a return begins it again."""
    return (*starts, Start("ObjectionUpheld", starts[0].when, "case_received_time"))
