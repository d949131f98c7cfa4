"""What one build has under way on Dask's workers: handed out, waited for, and called off."""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any

from distributed import Client

from stac_timelapse.errors import CancelledError

#: How often one who waits looks whether it should stop, in seconds.
_POLL = 0.2


class Tasks:
    """Futures under way, each with what it is about.

    Parameters
    ----------
    client
        Where they are computed.
    should_stop
        Asked several times a second.
    """

    def __init__(self, client: Client, should_stop: Callable[[], bool] | None) -> None:
        self._client = client
        self._should_stop = should_stop
        #: Name -> future and what it is about; what is not in here any more is old news.
        self._live: dict[str, tuple[Any, Any]] = {}
        self._news: queue.SimpleQueue[str] = queue.SimpleQueue()

    def __len__(self) -> int:
        return len(self._live)

    def submit(
        self, about: Any, work: Callable[..., Any], *arguments: Any, name: str, priority: int = 0, retries: int = 0
    ) -> None:
        """Hand out work under a name of its own."""
        future = self._client.submit(work, *arguments, key=name, priority=priority, retries=retries)
        self.watch(about, name, future)

    def watch(self, about: Any, name: str, future: Any) -> None:
        """Wait for a future of any kind."""
        self._live[name] = future, about
        # Not `distributed.wait`: it wants a default client, which is the default of every other thread too.
        future.add_done_callback(lambda _: self._news.put(name))

    def next(self) -> tuple[Any, Any]:
        """Return the future that is done next, and what it is about.

        Raises
        ------
        CancelledError
            As soon as the build should stop.
        """
        while True:
            self.stop_if_asked()
            try:
                name = self._news.get(timeout=_POLL)
            except queue.Empty:
                continue
            if name in self._live:
                return self._live.pop(name)

    def stop_if_asked(self) -> None:
        """Raise `CancelledError` if the build should stop."""
        if self._should_stop is not None and self._should_stop():
            raise CancelledError("The build was cancelled; the months finished before are kept.")

    def cancel(self) -> None:
        """Call off what the workers have."""
        futures = [future for future, _ in self._live.values() if hasattr(future, "key")]
        self._live.clear()
        if futures and self._client.status == "running":
            self._client.cancel(futures)
