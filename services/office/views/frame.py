"""What a view is: a table, and how a changed petition becomes rows of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from domain.petition import Changes, PetitionFile
from services.kit.tables import Table


@dataclass(frozen=True, slots=True)
class View:
    """A table and the rows that a petition's changes write into it; the rows replace older ones of the same key."""

    table: Table
    rows: Callable[[PetitionFile, Changes], Iterable[NamedTuple]]
