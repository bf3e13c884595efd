"""The record itself: its sealed materials are opened, an entry is corrected, the petitioner gets a way to look.

Opening is a fact with a purpose. A correction is a further fact: nothing is ever overwritten. A query code, Arts. 18
and 21(2), is stored only as a digest, so nobody can read it out of the log.
"""

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from domain.case.chapter import CASE_UNKNOWN, Chapter, Decider, Moment, frame, reaches_accused
from domain.case.state import HOLDING, Case, Phase
from domain.event import Command, Decision, Event, Reference, Refusal, Sealed
from domain.vocabulary import Purpose

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 digest in hexadecimal."""

# --- events -----------------------------------------------------------------------------------------------------------


class MaterialsUnsealed(Event):
    """An official of the agency opened sealed material, for a stated purpose."""

    type_name: ClassVar[str] = "lianxi.case.v1.MaterialsUnsealed"
    official: Reference
    purpose: Purpose


class CorrectionNoted(Event):
    """An earlier entry of this case is wrong; what is right is said here, and the earlier entry stays readable."""

    type_name: ClassVar[str] = "lianxi.case.v1.CorrectionNoted"
    corrects_version: Annotated[int, Field(ge=1)]
    explanation: Sealed


class QueryCodeIssued(Event):
    """The petitioner was given a code to follow the matter with, and a token to rate with, Arts. 18(1) and 21(2)."""

    type_name: ClassVar[str] = "lianxi.case.v1.QueryCodeIssued"
    code_digest: Digest
    token_digest: Digest


# --- commands ---------------------------------------------------------------------------------------------------------


class UnsealMaterials(Command):
    """Open the sealed materials, for a purpose that is put on record."""

    official: Reference
    purpose: Purpose


class NoteCorrection(Command):
    """Say what is wrong with the entry that made the case's version `corrects_version`."""

    corrects_version: Annotated[int, Field(ge=1)]
    explanation: Sealed


class IssueQueryCode(Command):
    """Give the petitioner a query code and a rating token; only their digests come here."""

    code_digest: Digest
    token_digest: Digest


# --- decide -----------------------------------------------------------------------------------------------------------


def _unseal(case: Case, command: UnsealMaterials, time: datetime, moment: Moment) -> Decision:
    if reaches_accused(case, case.agency, moment.agencies):
        # The directory learnt since the receipt that the agency is under the accused: it reads no more, Art. 30(3).
        return CASE_UNKNOWN
    return (MaterialsUnsealed(**frame(case, command, time), official=command.official, purpose=command.purpose),)


def _correct(case: Case, command: NoteCorrection, time: datetime, _moment: Moment) -> Decision:
    if command.corrects_version > case.version:
        return Refusal(
            "NOTHING_TO_CORRECT",
            f"the case has {case.version} entries",
            f"本办理件仅有 {case.version} 条记录",
            field="corrects_version",
            remedy="name the entry by the version that it made",
        )
    fields = command.model_dump(include={"corrects_version"})
    return (CorrectionNoted(**frame(case, command, time), **fields, explanation=command.explanation),)


def _issue_code(case: Case, command: IssueQueryCode, time: datetime, _moment: Moment) -> Decision:
    first = case.earlier[0] if case.earlier else case
    # Whoever registered the petition knows how it came in; whoever only helps, reviews or is informed does not.
    if first.incoming is not None or (case.channel is None and not case.earlier):
        return Refusal(
            "CODE_FROM_FIRST_AGENCY",
            "the query code comes from the agency that registered the petition",
            "查询码由首次登记机关提供",
            "Art. 21(2)",
            remedy="send the petitioner to that agency: it gives the same code again",
        )
    digests = command.model_dump(include={"code_digest", "token_digest"})
    return (QueryCodeIssued(**frame(case, command, time), **digests),)


_KEEPING = HOLDING | {
    Phase.HANDED_OFF,
    Phase.CONSULTED,
    Phase.ASSISTING,
    Phase.INFORMED,
    Phase.DIVERTED,
    Phase.UNDER_REVIEW,
    Phase.REVIEWING,
    Phase.REVIEW_ISSUED,
    Phase.REVIEW_SERVED,
}
"""The phases in which the agency has a task that may need the materials."""

CHAPTER = Chapter(
    evolve={
        MaterialsUnsealed: lambda *_: {},
        CorrectionNoted: lambda *_: {},
        QueryCodeIssued: lambda *_: {},
    },
    decide={
        UnsealMaterials: Decider(_KEEPING, _unseal),
        NoteCorrection: Decider(frozenset(Phase), _correct),
        IssueQueryCode: Decider(frozenset(Phase), _issue_code),
    },
)
