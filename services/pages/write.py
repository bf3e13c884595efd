"""The list of pages that are written from the code, and the command that writes them: `make pages`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from domain.law import Law
from services.kit.law import law_in_force
from services.pages.duty_table import page_en, page_zh

DOCS = Path(__file__).parents[2] / "docs"

PAGES: Mapping[str, Callable[[Law], str]] = MappingProxyType(
    {
        "duty-table.zh-CN.md": page_zh,
        "duty-table.md": page_en,
    }
)
"""Each page by its name in `docs/`; one more page is one more line."""


def write() -> None:
    """Write every page anew."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(law_in_force()), encoding="utf-8")


if __name__ == "__main__":
    write()
