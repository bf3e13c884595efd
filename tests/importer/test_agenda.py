"""The agenda: what was begun goes before what is new, nobody waits for one job, and there is room for so many."""

import threading
import time

from services.importer.agenda import Agenda


def test_what_is_due_goes_before_what_is_new() -> None:
    agenda: Agenda[str] = Agenda(10)
    for job in ("first", "second"):
        agenda.add(job)
    assert agenda.take() == "first"
    agenda.put_back("first", 0.0)
    assert [agenda.take(), agenda.take()] == ["first", "second"]


def test_what_is_not_due_yet_lets_others_go_first() -> None:
    agenda: Agenda[str] = Agenda(10)
    agenda.add("first")
    agenda.take()
    agenda.put_back("first", 0.05)
    agenda.add("second")
    assert [agenda.take(), agenda.take()] == ["second", "first"]


def test_a_new_job_waits_until_there_is_room() -> None:
    agenda: Agenda[int] = Agenda(1)
    agenda.add(1)
    added = threading.Thread(target=lambda: agenda.add(2))
    added.start()
    time.sleep(0.05)
    assert added.is_alive()
    agenda.take()
    agenda.done()
    added.join(5)
    assert agenda.take() == 2


def test_many_hands_do_every_job_to_its_end() -> None:
    agenda: Agenda[list[int]] = Agenda(50)
    jobs = [[number] for number in range(300)]

    def work() -> None:
        while (job := agenda.take()) is not None:
            job.append(job[-1])
            if len(job) < 4:
                agenda.put_back(job, 0.001)
            else:
                agenda.done()

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for job in jobs:
        agenda.add(job)
    agenda.wait_until_empty()
    agenda.stop()
    for worker in workers:
        worker.join(5)
    assert jobs == [[number] * 4 for number in range(300)]


def test_a_stop_lets_everybody_go() -> None:
    agenda: Agenda[int] = Agenda(1)
    agenda.add(1)
    agenda.take()
    answers: list[object] = []
    waiting = [
        threading.Thread(target=lambda: answers.append(agenda.take())),
        threading.Thread(target=lambda: answers.append(agenda.add(2))),
        threading.Thread(target=agenda.wait_until_empty),
    ]
    for thread in waiting:
        thread.start()
    agenda.stop()
    for thread in waiting:
        thread.join(5)
    assert sorted(answers, key=str) == [False, None]
