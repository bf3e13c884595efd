"""Group commit: commands of many threads, one writer, one transaction for whatever waits.

A durable commit costs the same for one command as for a hundred.  So each command is put in line, and one thread takes
all that stand there, appends them in one call, and tells each caller what became of its own.  An idle log commits at
once: nobody waits for a group to form.  Only where the last group had several does the writer wait for a moment, as
PostgreSQL's own `commit_delay` does: then more are about to come, and half as many commits leave a fifth of the
processor to the commands.

It never reports a command as stored before it is durable, and never half of one.  When the connection breaks while a
group is under way, nobody knows whether the group was stored; the group is sent again, and each command finds out: by
its request id, or, without one, because its very facts stand where its own would have gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from time import monotonic, sleep

from services.kit.log.command import COMMAND_BYTES_MAX, Append, Appended, LogUnavailable, Outcome, Unstorable
from services.kit.log.session import AppendSession, Interrupted

_FIRST_PAUSE_SECONDS = 0.02
_PAUSE_SECONDS_MAX = 0.5
_ENOUGH_COMMANDS = 16


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is taken on: per group, in line, and in time before the writer gives up on a database that is away.

    `gathering_seconds` is how long a busy writer lets a group grow.
    """

    group_commands_max: int = 200
    group_bytes_max: int = 8 * 1024 * 1024
    waiting_commands_max: int = 10_000
    retry_seconds_max: float = 10.0
    gathering_seconds: float = 0.001


DEFAULT_LIMITS = Limits()


class _Waiting:
    """A command in line, and the place where its caller waits.

    The caller waits on a bare lock: an `Event` is made of three objects, and this is made for every command.
    """

    __slots__ = ("_error", "_outcome", "_settled", "command")

    def __init__(self, command: Append) -> None:
        self.command = command
        self._outcome: Appended | None = None
        self._error: LogUnavailable | Unstorable | None = None
        self._settled = Lock()
        self._settled.acquire()

    def settle(self, outcome: Appended | LogUnavailable | Unstorable) -> None:
        """Let the caller go on with an outcome or an error; only the first call counts."""
        if self._outcome is not None or self._error is not None:
            return
        if isinstance(outcome, Appended):
            self._outcome = outcome
        else:
            self._error = outcome
        self._settled.release()

    def outcome(self) -> Appended:
        """Wait for the outcome, or raise the error."""
        self._settled.acquire()
        if self._outcome is None:
            assert self._error is not None
            raise self._error
        return self._outcome


class GroupCommit:
    """The one writer of a log.  `append` may be called from any thread; a `close` lets everything in line finish."""

    def __init__(self, conninfo: str, limits: Limits = DEFAULT_LIMITS) -> None:
        self._session = AppendSession(conninfo)
        self._limits = limits
        self._line: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._gate = Lock()
        self._closing = Event()
        self._is_busy = False
        self._writer = Thread(target=self._write, name="log writer", daemon=True)
        self._writer.start()

    @property
    def is_running(self) -> bool:
        """Whether commands are taken; false after `close`, and after a bug stopped the writer."""
        return self._writer.is_alive() and not self._closing.is_set()

    def append(self, command: Append) -> Appended:
        """Append one command and wait until it is durable, or until it is known not to be stored.

        Raises `Unstorable`, or `LogUnavailable` when the log is closed, has too many commands in line, refuses to
        write, or stayed away for longer than the limit.
        """
        if command.size_bytes() > COMMAND_BYTES_MAX:
            raise Unstorable(f"a command may hold {COMMAND_BYTES_MAX} bytes, not {command.size_bytes()}")
        waiting = _Waiting(command)
        # The gate keeps a command from joining the line behind the mark that ends it, where nobody would see it.
        with self._gate:
            if self._closing.is_set():
                raise LogUnavailable("the log is closed")
            if self._line.qsize() >= self._limits.waiting_commands_max:
                raise LogUnavailable("too many commands wait for the log")
            self._line.put(waiting)
        return waiting.outcome()

    def close(self) -> None:
        """Store what is in line, then stop; commands that come later get `LogUnavailable`."""
        self._end_line()
        self._writer.join()

    def _end_line(self) -> None:
        with self._gate:
            if not self._closing.is_set():
                self._closing.set()
                self._line.put(None)

    def _write(self) -> None:
        try:
            while group := self._next_group():
                try:
                    self._store(group, monotonic() + self._limits.retry_seconds_max)
                finally:
                    # Nobody waits for ever, not even when a bug ends this thread.
                    _settle_all(group, "the log's writer stopped", maybe_stored=True)
        finally:
            self._end_line()
            while not self._line.empty():
                if waiting := self._line.get():
                    waiting.settle(LogUnavailable("the log is closed"))
            self._session.close()

    def _next_group(self) -> list[_Waiting]:
        """Wait for a command, and return it with all that are in line behind it; nothing at the end of the line."""
        group: list[_Waiting] = []
        size = 0
        waiting = self._line.get()
        if self._is_busy and self._line.qsize() < _ENOUGH_COMMANDS:
            sleep(self._limits.gathering_seconds)
        while waiting is not None:
            group.append(waiting)
            size += waiting.command.size_bytes()
            if len(group) >= self._limits.group_commands_max or size >= self._limits.group_bytes_max:
                return group
            try:
                waiting = self._line.get_nowait()
            except Empty:
                break
        self._is_busy = len(group) > 1
        if group and waiting is None:
            self._line.put(None)
        return group

    def _store(self, group: Sequence[_Waiting], deadline: float) -> None:
        """Store a group and settle each of its commands; one that cannot be stored must not harm the others."""
        try:
            outcomes = self._append([waiting.command for waiting in group], deadline)
        except Unstorable as error:
            if len(group) == 1:
                group[0].settle(error)
            else:
                for waiting in group:
                    self._store([waiting], deadline)
        except LogUnavailable as error:
            _settle_all(group, str(error), maybe_stored=error.maybe_stored)
        else:
            for waiting, outcome in zip(group, outcomes, strict=True):
                waiting.settle(outcome)

    def _append(self, commands: Sequence[Append], deadline: float) -> list[Appended]:
        """Append the commands, again and again until the deadline while the database is away or busy.

        `Unstorable` ends all doubt: a group that holds such a command was not stored the first time either.
        """
        maybe_stored = False
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                outcomes = self._session.append(commands)
                if maybe_stored:
                    return [self._first_outcome(*pair) for pair in zip(commands, outcomes, strict=True)]
                return outcomes
            except LogUnavailable as error:
                error.maybe_stored = maybe_stored
                raise
            except Interrupted as interruption:
                maybe_stored = maybe_stored or interruption.maybe_stored
                if monotonic() + pause > deadline or self._closing.wait(pause):
                    raise LogUnavailable(str(interruption), maybe_stored=maybe_stored) from interruption
                pause = min(2 * pause, _PAUSE_SECONDS_MAX)

    def _first_outcome(self, command: Append, outcome: Appended) -> Appended:
        """Return what became of a command that was sent more than once.

        A conflict may be with itself, when the first sending was stored after all.
        """
        if outcome.outcome is Outcome.CONFLICT and command.request is None:
            return self._session.find_stored(command) or outcome
        return outcome


def _settle_all(group: Sequence[_Waiting], message: str, *, maybe_stored: bool) -> None:
    # Each caller gets an error of its own: a traceback grows while it is raised, and must not be shared by threads.
    for waiting in group:
        waiting.settle(LogUnavailable(message, maybe_stored=maybe_stored))
