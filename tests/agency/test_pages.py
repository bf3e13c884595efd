"""Page tokens by themselves: what goes in comes out, and nothing else is taken for a token."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit.rpc.errors import Malformed
from services.kit.rpc.pages import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, key_of, page_size, token_of

KEYS = st.lists(st.text(max_size=30), min_size=1, max_size=3).map(tuple)
QUESTIONS = st.lists(st.one_of(st.text(max_size=10), st.none(), st.integers()), max_size=4)


@given(KEYS, QUESTIONS)
def test_a_token_gives_its_key_back(key: tuple[str, ...], question: list[object]) -> None:
    token = token_of(key, question)
    assert key_of(token, question, len(key)) == key
    assert token.isascii()


@given(KEYS, QUESTIONS, QUESTIONS)
def test_a_token_serves_its_own_question_only(key: tuple[str, ...], one: list[object], other: list[object]) -> None:
    if list(map(str, one)) != list(map(str, other)):
        with pytest.raises(Malformed):
            key_of(token_of(key, one), other, len(key))


@given(st.text(min_size=1, max_size=60))
def test_other_text_is_no_token(text: str) -> None:
    with pytest.raises(Malformed):
        key_of(text, ("cases",), 2)


def test_a_page_has_a_size_within_limits() -> None:
    assert [page_size(asked) for asked in (0, 1, 499, 500, 501, 10**9)] == [PAGE_SIZE_DEFAULT, 1, 499, 500, 500, 500]
    assert PAGE_SIZE_MAX == 500
    with pytest.raises(Malformed):
        page_size(-1)
