"""The library's way of making an application's parts, narrowed to the one part that a log has: its recorder."""

from typing import NoReturn

from eventsourcing.persistence import InfrastructureFactory, TrackingRecorder
from eventsourcing.utils import Environment, strtobool

from services.kit.log.group_commit import Limits
from services.kit.log.recorder import GroupCommitRecorder


class LogFactory(InfrastructureFactory[TrackingRecorder]):
    """Makes the recorder of a log; refuses what a log does not keep (snapshots, tracking records)."""

    def __init__(self, env: Environment, conninfo: str, limits: Limits) -> None:
        """Raises `ValueError` when the environment asks for the library's unsafe PostgreSQL mode."""
        # In eventsourcing 9.5.6 that mode takes no lock, so readers miss events, and it drops tracking records. This
        # log does not use it; a deployment that sets it expects something that it must not get.
        if strtobool(env.get("POSTGRES_ENABLE_DB_FUNCTIONS") or "n"):
            raise ValueError("POSTGRES_ENABLE_DB_FUNCTIONS must be off: it loses events")
        super().__init__(env)
        self._conninfo = conninfo
        self._limits = limits

    def application_recorder(self) -> GroupCommitRecorder:
        """Return a recorder over the log's database, with a writer of its own."""
        return GroupCommitRecorder(self._conninfo, limits=self._limits)

    def aggregate_recorder(self, purpose: str = "events") -> NoReturn:
        """Refuse: streams are short, and their states are cached."""
        raise NotImplementedError(f"a log keeps no recorder for {purpose}")

    def tracking_recorder(self, tracking_recorder_class: type[TrackingRecorder] | None = None) -> NoReturn:
        """Refuse: a command is told apart by its request id."""
        raise NotImplementedError("a log keeps no tracking records")

    def process_recorder(self) -> NoReturn:
        """Refuse: a command is told apart by its request id."""
        raise NotImplementedError("a log keeps no tracking records")
