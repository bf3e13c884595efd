"""Reads a mapping from its TOML file, shipped or one's own, and checks that its parts agree.

A mapping is checked as a whole before the first row is read, and each complaint names its key, because the one who
wrote it is a clerk with a text editor. A personal column may fill only the fields that are sealed on arrival.
"""

import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from services.importer.calls import CALLS
from services.importer.mapping import GIVEN_WORDS, Mapping, Occasion, StepTemplate, texts_of
from services.importer.templates import words_in

_SHIPPED = resources.files("services.importer") / "mappings"


class WrongMapping(ValueError):
    """The mapping cannot be used; the message has a line for each problem, with its key."""


def load_mapping(name_or_path: str) -> Mapping:
    """Read a mapping by its path, or one that is shipped by its bare name; raise `WrongMapping`."""
    path = Path(name_or_path)
    shipped = _SHIPPED / f"{name_or_path}.toml"
    if path.is_file():
        return parse_mapping(path.read_text(encoding="utf-8"), name_or_path)
    if path.name == name_or_path and shipped.is_file():
        return parse_mapping(shipped.read_text(encoding="utf-8"), name_or_path)
    raise WrongMapping(f"there is no mapping {name_or_path}; shipped are: {', '.join(shipped_mappings())}")


def parse_mapping(text: str, source: str = "mapping") -> Mapping:
    """Read a mapping from its text; raise `WrongMapping` with a line for each problem."""
    try:
        mapping = Mapping.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as problem:
        raise WrongMapping(f"{source} is not TOML: {problem}") from None
    except ValidationError as problem:
        found = problem.errors(include_url=False)
        raise _wrong(source, [f"{_key(one['loc'])}: {_said(one)}" for one in found]) from None
    if problems := [*_word_problems(mapping), *_agency_problems(mapping), *_step_problems(mapping)]:
        raise _wrong(source, problems)
    return mapping


def _wrong(source: str, problems: list[str]) -> WrongMapping:
    return WrongMapping(f"{source} cannot be used:\n" + "\n".join(f"  {problem}" for problem in problems))


def shipped_mappings() -> tuple[str, ...]:
    """Return the names of the mappings that come with the program."""
    return tuple(
        sorted(entry.name.removesuffix(".toml") for entry in _SHIPPED.iterdir() if entry.name.endswith(".toml"))
    )


def _key(location: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")


def _said(found: Any) -> str:
    return str(found["msg"]).removeprefix("Value error, ")


def _word_problems(mapping: Mapping) -> Iterator[str]:
    for key, word in _named_words(mapping):
        if word not in mapping.columns:
            yield f"{key}: [columns] has no word {word!r}"
    if mapping.stream is not None and mapping.moments is not None:
        yield "moments: a file is a [stream] or has [moments], not both"
    if mapping.key in mapping.personal_words:
        yield "key: the key goes into ids, so it must be one of open_columns"
    for word in sorted(GIVEN_WORDS & {*mapping.columns, *(find.word for find in mapping.finds)}):
        yield f"columns: {word!r} has a meaning of its own, choose another word"


def _named_words(mapping: Mapping) -> Iterator[tuple[str, str]]:
    """Return each place that names a column by its word, with its key."""
    yield "key", mapping.key
    yield from (("open_columns", word) for word in mapping.open_columns)
    yield from (("optional_columns", word) for word in mapping.optional_columns)
    yield from (("times.columns", word) for word in mapping.times.columns)
    yield from ((f"finds[{number}].column", find.column) for number, find in enumerate(mapping.finds))
    if mapping.agencies_from_column is not None:
        yield "agencies_from_column.column", mapping.agencies_from_column.column
    if mapping.moments is not None:
        yield "moments.column", mapping.moments.column
    if mapping.stream is not None:
        yield "stream.time", mapping.stream.time
        yield "stream.agency", mapping.stream.agency
        yield from (("stream.ended_when", word) for word in mapping.stream.ended_when)


def _agency_problems(mapping: Mapping) -> Iterator[str]:
    ids = [agency.id for agency in mapping.agencies]
    if not ids and mapping.agencies_from_column is None:
        yield "agencies: name some, or say [agencies_from_column]"
    for twice in sorted({agency for agency in ids if ids.count(agency) > 1}):
        yield f"agencies: {twice} stands twice"
    for number, agency in enumerate(mapping.agencies):
        if agency.superior and agency.superior not in ids:
            yield f"agencies[{number}].superior: [[agencies]] has no {agency.superior!r}"
    for number, find in enumerate(mapping.finds):
        if find.agency_otherwise and find.agency_otherwise not in ids:
            yield f"finds[{number}].agency_otherwise: [[agencies]] has no {find.agency_otherwise!r}"
    for number, step in enumerate(mapping.steps):
        for name in (step.agency, step.fields.get("to_agency"), step.fields.get("of_agency")):
            if isinstance(name, str) and not words_in(name) and name not in ids:
                yield f"steps[{number}]: [[agencies]] has no {name!r}"


def _step_problems(mapping: Mapping) -> Iterator[str]:
    known = GIVEN_WORDS | {*mapping.columns, *(find.word for find in mapping.finds)}
    names = [step.name for step in mapping.steps]
    for number, step in enumerate(mapping.steps):
        key = f"steps[{number}]"
        if step.call not in CALLS:
            yield f"{key}.call: {step.call!r} is none of {', '.join(CALLS)}"
            continue
        yield from (f"{key}: no word {word!r} is known here" for word in sorted(step.words - known))
        if step.time not in mapping.times.columns:
            yield f"{key}.time: {step.time!r} is none of times.columns"
        yield from (f"{key}.{problem}" for problem in _occasion_problems(step, mapping, names[:number]))
        yield from (f"{key}.fields.{problem}" for problem in CALLS[step.call].problems(step.fields))
        yield from (f"{key}.fields.{problem}" for problem in _personal_in_clear(step, mapping.personal_words))


def _occasion_problems(step: StepTemplate, mapping: Mapping, before: list[str | None]) -> Iterator[str]:
    if (step.on is Occasion.MOMENT) != (mapping.moments is not None):
        yield "on: a step of a mapping with [moments] is on a moment, and no other"
    elif step.on is Occasion.MOMENT:
        if not step.at:
            yield "at: name the moments at which the step is taken"
        if step.name is None or step.name in before:
            yield "name: each step on a moment has a name of its own"
        yield from (f"after: no step before this one is named {name!r}" for name in step.after if name not in before)
    elif (step.on is Occasion.ROW) != (mapping.stream is None):
        yield "on: a step of a mapping with [stream] says when it is taken, one without does not"


def _personal_in_clear(step: StepTemplate, personal: frozenset[str]) -> Iterator[str]:
    for name, value in step.fields.items():
        if name not in CALLS[step.call].sealed_fields:
            words = {word for text in texts_of(value) for word in words_in(text)}
            yield from (
                f"{name}: {word!r} is personal and this field is not sealed; if it is not, list it in open_columns"
                for word in sorted(words & personal)
            )
