"""The pages in `docs/` that come from the code are those that the code would write today."""

import re

import pytest

from domain.duty_table import RULES
from services.kit.law import law_in_force
from services.pages.write import DOCS, PAGES


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_current(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](law_in_force()), "run make pages"


@pytest.mark.parametrize("name", ["duty-table.md", "duty-table.zh-CN.md"])
def test_every_row_stands_on_the_page_and_what_has_no_figure_says_so(name: str) -> None:
    page = PAGES[name](law_in_force())
    assert len(re.findall(r"^\| `[A-Z]", page, re.MULTILINE)) == len(RULES)
    assert ("no figure in law" in page) != ("法律未规定期限" in page)
