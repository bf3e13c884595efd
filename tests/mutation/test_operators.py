"""The operators of our own do what their examples show."""

from typing import Any

import pytest
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Example

from tests.mutation.operators import TABLE, is_kept


@pytest.mark.parametrize(
    ("operator", "example"), [(operator, example) for operator in TABLE.values() for example in operator.examples()]
)
def test_an_operator_makes_the_change_of_its_examples(operator: type[Any], example: Example) -> None:
    mutant = mutate_code(example.pre_mutation_code, operator(), example.occurrence)
    assert mutant == example.post_mutation_code


@pytest.mark.parametrize(
    "text",
    [
        "(a)",
        "x: Callable[[A, B], C]",
        "[x for x in y]",
        "{k: v for k, v in y}",
        "f(a, b)",
        'Refusal("CODE", "a sentence")',
    ],
)
def test_what_is_no_display_and_no_row_is_left_alone(text: str) -> None:
    assert all(mutate_code(text, operator(), 0) is None for operator in TABLE.values())


def test_arguments_are_dropped_from_rows_only() -> None:
    assert is_kept("table/drop-argument", "domain/duty_table_2005.py")
    assert not is_kept("table/drop-argument", "domain/case/intake.py")
