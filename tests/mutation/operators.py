"""The small wrong changes: those of cosmic-ray that make sense here, and three of our own for tables.

Much of the law stands here as data, which the operators of cosmic-ray change in its numbers only. So three of ours
take something out: an element of a tuple, set, list or dictionary, a named argument of a row, and a word of a list of
events. Texts are never changed: a sentence of a refusal is read by people, and no test should hold its wording.
"""

import re
from fnmatch import fnmatchcase
from typing import Any

from cosmic_ray.operators.operator import Example, Operator
from cosmic_ray.plugins import OPERATOR_PROVIDERS
from parso.python.tree import Operator as Comma
from parso.python.tree import String

Node = Any
"""A node of parso's tree: which parts it has depends on its `type`."""

Span = tuple[tuple[int, int], tuple[int, int]]

KEPT = (
    "core/AddNot",
    "core/ExceptionReplacer",
    "core/NumberReplacer",
    "core/RemoveDecorator",
    "core/ReplaceAndWithOr",
    "core/ReplaceBinaryOperator_Add_Sub",
    "core/ReplaceBinaryOperator_BitAnd_BitOr",
    "core/ReplaceBinaryOperator_BitOr_BitAnd",
    "core/ReplaceBinaryOperator_FloorDiv_Mul",
    "core/ReplaceBinaryOperator_Mul_FloorDiv",
    "core/ReplaceBinaryOperator_Sub_Add",
    "core/ReplaceBreakWithContinue",
    "core/ReplaceComparisonOperator_Eq_NotEq",
    "core/ReplaceComparisonOperator_GtE_Gt",
    "core/ReplaceComparisonOperator_GtE_Lt",
    "core/ReplaceComparisonOperator_Gt_GtE",
    "core/ReplaceComparisonOperator_Gt_LtE",
    "core/ReplaceComparisonOperator_IsNot_Is",
    "core/ReplaceComparisonOperator_Is_IsNot",
    "core/ReplaceComparisonOperator_LtE_Gt",
    "core/ReplaceComparisonOperator_LtE_Lt",
    "core/ReplaceComparisonOperator_Lt_GtE",
    "core/ReplaceComparisonOperator_Lt_LtE",
    "core/ReplaceComparisonOperator_NotEq_Eq",
    "core/ReplaceContinueWithBreak",
    "core/ReplaceFalseWithTrue",
    "core/ReplaceOrWithAnd",
    "core/ReplaceTrueWithFalse",
    "core/ReplaceUnaryOperator_Delete_*",
    "core/ReplaceUnaryOperator_USub_UAdd",
    "core/ZeroIterationForLoop",
    "table/*",
)
"""The operators that are used. Left out are those that ask whether names and enum members, which have no order, are
greater than others; `==` in the place of `is`, which are the same for them; and arithmetic that nobody gets wrong."""


ROWS_ONLY = "table/drop-argument"
"""Outside the duty table a named argument has no default, so that leaving it out proves nothing."""


MECHANICS = re.compile(r"@(lru_cache|dataclass)|\b(__slots__|repr=|init=False)")
"""Lines that say how Python is to keep a value, and nothing of the law: caches, slots, immutability, printing."""


def is_kept(operator_name: str, module: str) -> bool:
    """Tell whether an operator is used on a module."""
    if operator_name == ROWS_ONLY and "duty_table" not in module:
        return False
    return any(fnmatchcase(operator_name, pattern) for pattern in KEPT)


class DropElement(Operator):  # type: ignore[misc]  # cosmic-ray ships no types
    """Take one element out of a display: a phase, a refusal, a chapter's row."""

    def mutation_positions(self, node: Node) -> list[Span]:
        """Return the span of each element."""
        return [(node.children[first].start_pos, node.children[last].end_pos) for first, last in _elements(node)]

    def mutate(self, node: Node, index: int) -> Node:
        """Remove the element of that index together with the comma after it; a tuple of one stays a tuple."""
        first, last = _elements(node)[index]
        del node.children[first : last + (1 if node.type == "atom" else 2)]
        if node.type == "testlist_comp" and len(node.children) == 1:
            node.children.append(Comma(",", node.end_pos))
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Show what the operator does."""
        return (
            Example("x = (a, b)", "x = ( b,)"),
            Example("x = {a}", "x = {}"),
            Example("x = {a: 1, b: 2}", "x = {a: 1,}", occurrence=1),
        )


def _elements(node: Node) -> list[tuple[int, int]]:
    """Return the first and last child of each element of a display; none of a comprehension or of a type."""
    if node.type == "atom" and node.children[0] == "{" and len(node.children) == 3:
        return [] if node.children[1].type == "dictorsetmaker" else [(1, 1)]
    if node.type not in {"testlist_comp", "dictorsetmaker"} or node.children[-1].type in {"sync_comp_for", "comp_for"}:
        return []
    if node.parent.parent.type == "subscriptlist":
        return []
    commas = [place for place, child in enumerate(node.children) if child == ","]
    starts = [0, *(place + 1 for place in commas)]
    ends = [*(place - 1 for place in commas), len(node.children) - 1]
    return [(first, last) for first, last in zip(starts, ends, strict=True) if first <= last]


class DropArgument(Operator):  # type: ignore[misc]  # cosmic-ray ships no types
    """Take a named argument out of a call, so that the default stands in its place; where it has none, no mutant is."""

    def mutation_positions(self, node: Node) -> list[Span]:
        """Return the span of each named argument."""
        return [(node.children[place].start_pos, node.children[place].end_pos) for place in _named(node)]

    def mutate(self, node: Node, index: int) -> Node:
        """Remove the argument of that index together with the comma after it."""
        place = _named(node)[index]
        del node.children[place : place + 2]
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Show what the operator does."""
        return (Example("row(1, a=2, b=3)", "row(1, b=3)"), Example("row(1, a=2)", "row(1,)"))


def _named(node: Node) -> list[int]:
    if node.type != "arglist":
        return []
    return [place for place, one in enumerate(node.children) if one.type == "argument" and one.children[1] == "="]


class DropWord(Operator):  # type: ignore[misc]  # cosmic-ray ships no types
    """Take one name out of a list of events that is written as one text, `facts("Accepted NotAccepted")`."""

    def mutation_positions(self, node: Node) -> list[Span]:
        """Return the text's span once for each word of it."""
        return [(node.start_pos, node.end_pos) for _ in _words(node)]

    def mutate(self, node: Node, index: int) -> Node:
        """Leave the word of that index out."""
        words = _words(node)
        return String(f'"{" ".join(words[:index] + words[index + 1 :])}"', node.start_pos, prefix=node.prefix)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Show what the operator does."""
        return (Example('facts("A B", a=1)', 'facts("B", a=1)'), Example('facts("A")', 'facts("")'))


def _words(node: Node) -> list[str]:
    if node.type != "string":
        return []
    opening = node.get_previous_leaf()
    name = opening.get_previous_leaf() if opening == "(" else None
    if name is None or name.value != "facts":
        return []
    return list(node.value.strip('"').split())


TABLE: dict[str, type[Any]] = {"drop-element": DropElement, "drop-argument": DropArgument, "drop-word": DropWord}


def install() -> None:
    """Make our operators known to cosmic-ray, which otherwise looks for them among installed packages."""
    OPERATOR_PROVIDERS["table"] = TABLE
