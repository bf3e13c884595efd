"""The state diagrams of a case, drawn from what the exhaustive search found: `python -m tests.domain.diagrams`.

An edge stands on a page because a history was found that takes it, and no edge that any small history takes is missing.
The words come from the glossary of `domain/README.md`, so that pages and code never say different things.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from domain.case import Phase
from tests.domain.chapters import CHAPTERS
from tests.domain.chessboard import Step
from tests.domain.search import search

ROOT = Path(__file__).parents[2]
GLOSSARY = ROOT / "domain" / "README.md"
PAGES = {"en": ROOT / "docs" / "states.md", "zh": ROOT / "docs" / "states.zh-CN.md"}

SECTIONS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("Routing and objection, Arts. 22 and 23", "转送、交办与异议(第二十二、二十三条)"): (
        "routing",
        "routing, mail held back",
        "assignment and report",
    ),
    ("Disputes, joint handling and assistance, Art. 24", "争议、协商与协办(第二十四条)"): (
        "dispute",
        "dispute, mail held back",
        "negotiation",
        "after agreement",
        "assistance",
    ),
    ("Major and urgent matters, Art. 25", "重大、紧急事项(第二十五条)"): ("urgent",),
    ("Suggestions, Art. 29", "建议意见(第二十九条)"): ("suggestion",),
    ("Accusations, Art. 30", "检举控告(第三十条)"): ("accusation",),
    ("Handling, Arts. 31 to 34", "办理(第三十一至三十四条)"): ("handling", "other procedures"),
    ("Review and re-review, Arts. 35 and 36", "复查、复核(第三十五、三十六条)"): ("review", "re-review"),
}

_TITLES = {
    "en": """# The states of a case

`make pages` draws this page from the domain itself: from every order of up to seven commands on one petition among
three agencies. A state is that of one agency's file on the petition. What leaves a state as it is, such as a notice, is
not drawn. The figures behind a name are articles of the Regulations on Petition Work.
""",
    "zh": """# 办理件的状态

本页由 `make pages` 从领域代码生成:穷举三个机关、单位之间同一信访事项至多七个步骤的全部顺序。
状态是一个机关、单位的办理件所处的状态;不改变状态的步骤(如书面告知)不画出。名称后的数字为《信访工作条例》条款。
""",
}


class Term(NamedTuple):
    """What the glossary says of a fact."""

    commands: tuple[str, ...]
    chinese: str
    article: str


def glossary() -> dict[str, Term]:
    """The facts of the domain with their commands, Chinese terms and articles."""
    terms: dict[str, Term] = {}
    for line in GLOSSARY.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) != 5 or not cells[0].startswith("`"):
            continue
        commands = tuple(re.findall(r"`(\w+)`", cells[1]))
        terms |= {name: Term(commands, cells[2], cells[4].strip()) for name in re.findall(r"`(\w+)`", cells[0])}
    return terms


def page(language: str, found: Mapping[str, Iterable[Step]]) -> str:
    """The page in one language, from the steps that were found in each chapter."""
    terms = glossary()
    parts = [_TITLES[language]]
    for (english, chinese), chapters in SECTIONS.items():
        steps = {step for chapter in chapters for step in found[chapter]}
        title = chinese if language == "zh" else english
        parts.append(f"## {title}\n\n```mermaid\n{_diagram(steps, terms, language)}\n```\n")
    return "\n".join(parts)


def _diagram(steps: Iterable[Step], terms: Mapping[str, Term], language: str) -> str:
    edges: dict[tuple[str, str], set[str]] = {}
    for before, fact, after in steps:
        if before is not after:
            edges.setdefault((before or "[*]", after), set()).add(_label(fact, terms[fact], language))
    shown = {name for edge in edges for name in edge} - {"[*]"}
    names = [
        f'    state "{phase.term if language == "zh" else _spoken(phase)}" as {phase}'
        for phase in Phase
        if phase in shown
    ]
    lines = [
        f"    {before} --> {after} : {'<br/>'.join(sorted(labels))}"
        for (before, after), labels in sorted(edges.items())
    ]
    return "\n".join(["stateDiagram-v2", *names, *lines])


def _spoken(phase: Phase) -> str:
    return str(phase).replace("_", " ")


def _label(fact: str, term: Term, language: str) -> str:
    article = "" if term.article == "–" else f" {term.article}"
    if language == "zh":
        return f"{term.chinese}{article}"
    names = [name for name in term.commands if len(term.commands) == 1]
    return f"{names[0] if names else fact}{article}"


def found_by_search() -> dict[str, Iterable[Step]]:
    """Search every chapter; what is lawful is for the test to say."""
    return {chapter.title: search(chapter, lambda _: None).steps for chapter in CHAPTERS}


def main() -> None:
    """Write both pages."""
    found = found_by_search()
    for language, path in PAGES.items():
        path.write_text(page(language, found), encoding="utf-8")


if __name__ == "__main__":
    main()
