"""The petitions that the office has folded lately, kept in memory and read again from the inbox when they are not."""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from domain.event import Happening
from domain.law import Law
from domain.petition import Changes, PetitionFile
from services.kit.database import Rows
from services.kit.reader import read_fact

FILES_MAX = 60_000


class InboxRow(NamedTuple):
    """A fact as the inbox holds it."""

    sequence: int
    petition_id: UUID
    node: str
    position: int
    case_id: UUID
    version: int
    type: str
    recorded_time: datetime
    data: bytes

    def happening(self) -> Happening:
        """The fact in its place, ready to be folded."""
        event = read_fact(self.type, bytes(self.data))
        return Happening(event, self.case_id, self.version, self.node, self.position, self.recorded_time)


INBOX_COLUMNS = ", ".join(InboxRow._fields)


class PetitionFiles:
    """A bounded cache of folded petitions; what is missing is folded again from the inbox, in one query a batch."""

    def __init__(self, law: Law, files_max: int = FILES_MAX) -> None:
        self._law = law
        self._files: OrderedDict[UUID, PetitionFile] = OrderedDict()
        self._files_max = files_max

    def load(self, connection: Rows, petition_ids: Iterable[UUID]) -> dict[UUID, PetitionFile]:
        """Return the file of each petition as the inbox stands in this transaction; a new petition's is empty."""
        found: dict[UUID, PetitionFile] = {}
        missing: list[UUID] = []
        for petition_id in petition_ids:
            if (file := self._files.get(petition_id)) is not None:
                self._files.move_to_end(petition_id)
                found[petition_id] = file
            else:
                missing.append(petition_id)
        if missing:
            found.update((petition_id, file) for petition_id, (file, _) in self.refold(connection, missing).items())
        return found

    def keep(self, files: dict[UUID, PetitionFile]) -> None:
        """Remember the files once their rows are committed."""
        self._files.update(files)
        while len(self._files) > self._files_max:
            self._files.popitem(last=False)

    def forget(self, petition_ids: Iterable[UUID]) -> None:
        """Drop files that were folded further than the database knows."""
        for petition_id in petition_ids:
            self._files.pop(petition_id, None)

    def refold(self, connection: Rows, petition_ids: list[UUID]) -> dict[UUID, tuple[PetitionFile, Changes]]:
        """Fold the petitions from the beginning of the inbox; return each file with every row that it ever changed."""
        files = {petition_id: (PetitionFile(petition_id), Changes()) for petition_id in petition_ids}
        cursor: Any = connection.cursor(binary=True)
        cursor.execute(
            f"SELECT {INBOX_COLUMNS} FROM office.inbox WHERE petition_id = ANY(%s) ORDER BY petition_id, sequence",
            [petition_ids],
        )
        for row in map(InboxRow._make, cursor):
            file, changes = files[row.petition_id]
            file.apply(row.happening(), self._law, changes)
        return files
