"""Every word ever stored can still be read: `words.json` lists the released values, and none may go or change."""

import json
from pathlib import Path

import pytest

from domain import vocabulary
from domain.vocabulary import Word

RELEASED: dict[str, list[str]] = json.loads((Path(__file__).parent / "words.json").read_text(encoding="utf-8"))
CURRENT = {
    name: [word.value for word in kind]
    for name, kind in vars(vocabulary).items()
    if isinstance(kind, type) and issubclass(kind, Word) and kind is not Word
}


@pytest.mark.parametrize("name", CURRENT)
def test_every_word_is_released_and_none_is_lost(name: str) -> None:
    released = RELEASED.get(name, [])
    assert not set(released) - set(CURRENT[name]), "stored events hold these words for ever"
    assert not set(CURRENT[name]) - set(released), f"new words: add them to words.json under {name}"


def test_no_kind_of_word_is_lost() -> None:
    assert RELEASED.keys() <= CURRENT.keys()
