"""A petitioner's progress as a message: steps and dates in plain Chinese and English, agencies by their names."""

from datetime import datetime

from domain.duties import Duty
from domain.duty_table import rule_row
from domain.progress import Progress, Step
from lianxi.petitioner.v1 import petitioner_service_pb2 as pb
from services.kit.directory import Directory
from services.kit.rpc.messages import message_of


def progress_message(progress: Progress, directory: Directory, now: datetime) -> pb.Progress:
    """Return what the petitioner may know, as of now."""
    return message_of(
        pb.Progress,
        None,
        registered_time=progress.steps[0].time,
        steps=[_step(step, directory) for step in progress.steps],
        holder=_named(progress.holder, directory) if progress.holder else None,
        due=_owed(progress.due, _named(progress.due.debtor, directory), now) if progress.due else None,
        windows=[_window(window) for window in progress.windows],
        as_of_time=now,
    )


def _named(agency: str, directory: Directory) -> pb.NamedAgency:
    listed = directory.find(agency)
    return pb.NamedAgency(
        agency=agency, name_zh=listed.name_zh if listed else agency, name=listed.name if listed else agency
    )


def _step(step: Step, directory: Directory) -> pb.Step:
    agency = _named(step.agency, directory)
    said_zh, said = ", ".join(word.term for word in step.words), ", ".join(map(_plain, step.words))
    return message_of(
        pb.Step,
        None,
        step=step.row.step,
        time=step.time,
        agency=agency,
        text_zh=f"{agency.name_zh}:{step.row.title_zh}" + (f"({said_zh})" if said_zh else ""),
        text=f"{agency.name}: {step.row.title}" + (f" ({said})" if said else ""),
        words=list(map(str, step.words)),
        until_date=step.until,
    )


def _owed(duty: Duty, debtor: pb.NamedAgency, now: datetime) -> pb.Due:
    rule = rule_row(duty.rule_id, duty.rule_version)
    if duty.due_date is None or duty.due_time is None:
        zh = f"{debtor.name_zh}应当{rule.title_zh};法规未规定具体期限"
        en = f"{debtor.name} has to {rule.title}; the law gives no figure"
    elif duty.due_time <= now:
        zh = f"{debtor.name_zh}应当在{duty.due_date}前(含当日){rule.title_zh},现已超期"
        en = f"{debtor.name} had to {rule.title} by {duty.due_date}, which is over"
    else:
        zh = f"{debtor.name_zh}应当在{duty.due_date}前(含当日){rule.title_zh}"
        en = f"{debtor.name} has to {rule.title} by {duty.due_date}"
    return message_of(pb.Due, None, text_zh=zh, text=en, article=rule.article, due_date=duty.due_date)


def _window(duty: Duty) -> pb.Due:
    rule = rule_row(duty.rule_id, duty.rule_version)
    zh = f"您可以在{duty.due_date}前(含当日){rule.title_zh}"
    en = f"you may {rule.title} until {duty.due_date}"
    return message_of(pb.Due, None, text_zh=zh, text=en, article=rule.article, due_date=duty.due_date)


def _plain(word: str) -> str:
    return str(word).replace("_", " ")
