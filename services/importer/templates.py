"""Texts with `{words}` in them, as mappings write them: nothing but words is filled in, and nothing is executed."""

import re
from collections.abc import Mapping

_WORD = re.compile(r"\{([a-z][a-z_]*)\}")


def words_in(template: str) -> frozenset[str]:
    """Return the words that a template uses."""
    return frozenset(_WORD.findall(template))


def filled(template: str, words: Mapping[str, str]) -> str:
    """Return the text with each word replaced by its value; a word that is not set leaves nothing behind."""
    return _WORD.sub(lambda found: words.get(found.group(1), ""), template).strip()
