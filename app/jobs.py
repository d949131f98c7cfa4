"""Background work of one session: one job at a time, cancellable, outdated answers dropped."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from stac_timelapse.errors import CancelledError, TimelapseError

_log = logging.getLogger(__name__)

#: Runs a function where the session's state may be changed: under its document's lock, on its thread.
Post = Callable[[Callable[[], None]], None]

UNEXPECTED = (
    "Something went wrong that we did not expect ({kind}). Nothing you chose is lost: try again; "
    "if it happens again, the server's log has the details."
)


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work.

    Parameters
    ----------
    number
        Counts the jobs of the session; answers of an older number are dropped.
    kind
        ``"search"``, ``"build"``, ...
    stop
        Set when the user or a newer job wants it to end.
    """

    number: int
    kind: str
    stop: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Raise `CancelledError` if the job should end."""
        if self.stop.is_set():
            raise CancelledError("Cancelled; what was finished is kept.")


class JobRunner:
    """Runs a session's jobs, each in a thread of its own, one after the other.

    Parameters
    ----------
    post
        See `Post`. It must be safe to call from any thread.
    """

    def __init__(self, post: Post) -> None:
        self._post = post
        self._lock = threading.Lock()
        self._current: Job | None = None
        self._count = 0
        self._closed = False

    @property
    def current(self) -> Job | None:
        """The job under way."""
        return self._current

    def start(
        self,
        kind: str,
        work: Callable[[Job], None],
        *,
        on_error: Callable[[str, TimelapseError | None], None],
    ) -> Job | None:
        """Start a job; the one before is told to stop and its answers are dropped from now on.

        Parameters
        ----------
        kind
            Its name, for the log.
        work
            Called with the job in a thread.
        on_error
            Called through `post` with a sentence, and with the error if it is one of ours.

        Returns
        -------
        Job or None
            None when the session is over.
        """
        with self._lock:
            if self._closed:
                return None
            if self._current is not None:
                self._current.stop.set()
            self._count += 1
            job = Job(self._count, kind)
            self._current = job
        threading.Thread(target=self._run, args=(job, work, on_error), name=f"{kind}-{job.number}", daemon=True).start()
        return job

    def cancel(self) -> None:
        """Ask the job under way to stop. It answers with `CancelledError` as soon as it can."""
        job = self._current
        if job is not None:
            job.stop.set()

    def drop(self) -> None:
        """Forget the job under way at once: it is told to stop, and what it still answers is dropped."""
        with self._lock:
            job, self._current = self._current, None
        if job is not None:
            job.stop.set()

    def close(self) -> None:
        """Stop everything for good and drop what is still answered."""
        self._closed = True
        self.drop()

    def tell(self, job: Job, change: Callable[..., None], *args: Any) -> None:
        """Run `change` in the session unless `job` is outdated by then."""

        def apply() -> None:
            if self._current is job:
                change(*args)

        if self._current is job:
            self._post(apply)

    def _run(
        self, job: Job, work: Callable[[Job], None], on_error: Callable[[str, TimelapseError | None], None]
    ) -> None:
        try:
            work(job)
        except TimelapseError as error:
            self.tell(job, on_error, str(error), error)
        except Exception as error:  # noqa: BLE001 - the page shows a sentence, the log has the rest
            _log.exception("The %s job failed", job.kind)
            self.tell(job, on_error, UNEXPECTED.format(kind=type(error).__name__), None)
