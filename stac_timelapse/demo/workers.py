"""Several processes that make the demo's passes at the same time.

Not a process pool: a pool's fresh processes run the main script again, which a notebook, a script on
standard input or one without a guard does not survive; and they outlive a parent that is killed.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from stac_timelapse.demo.spec import DemoSpec, PassPlan
from stac_timelapse.demo.worker import QUICKLOOK
from stac_timelapse.errors import ProviderError

Answer = tuple[int, list[dict[str, Any]]]


@contextmanager
def work_on(work: Path, spec: DemoSpec, workers: int) -> Iterator[Iterator[tuple[PassPlan, list[dict[str, Any]]]]]:
    """Make all passes and the overview; what still runs when the context ends is stopped.

    Parameters
    ----------
    work
        Folder to write to.
    spec
        The catalogue.
    workers
        Number of processes.

    Yields
    ------
    iterator
        Pass and its items as they are done, after which all is written.

    Raises
    ------
    ProviderError
        While iterating, if a process dies.
    """
    plans = spec.passes()
    tasks: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in (*range(len(plans)), QUICKLOOK):
        tasks.put(number)
    answers: queue.SimpleQueue[Answer | Exception] = queue.SimpleQueue()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as log:
        processes = [_process(work, spec, log) for _ in range(workers)]
        threads = [threading.Thread(target=_feed, args=(one, tasks, answers), daemon=True) for one in processes]
        for thread in threads:
            thread.start()
        try:
            yield _results(plans, answers, log)
        finally:
            for process in processes:
                process.kill()
            for thread, process in zip(threads, processes, strict=True):
                thread.join()
                process.wait()
                for pipe in (process.stdin, process.stdout):
                    _close(pipe)


def _process(work: Path, spec: DemoSpec, log: IO[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "stac_timelapse.demo.worker", str(work), json.dumps(asdict(spec))]
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
    )


def _feed(
    process: subprocess.Popen[str], tasks: queue.SimpleQueue[int], answers: queue.SimpleQueue[Answer | Exception]
) -> None:
    """Give one process task after task, until none is left or it ends."""
    while process.stdin is not None and process.stdout is not None:
        try:
            number = tasks.get_nowait()
        except queue.Empty:
            return
        try:
            process.stdin.write(f"{number}\n")
            process.stdin.flush()
            line = process.stdout.readline()
            answers.put((number, json.loads(line)))
        except (OSError, ValueError) as error:  # its input is closed, or its answer is empty: it has died
            answers.put(error)
            return


def _results(
    plans: tuple[PassPlan, ...], answers: queue.SimpleQueue[Answer | Exception], log: IO[str]
) -> Iterator[tuple[PassPlan, list[dict[str, Any]]]]:
    for _ in range(len(plans) + 1):
        answer = answers.get()
        if isinstance(answer, Exception):
            log.seek(0)
            said = log.read().strip().splitlines()
            raise ProviderError(
                f"The demo landscape could not be made ({said[-1][:200] if said else 'a process was stopped'}): "
                "free some disk space and memory, and try again."
            ) from answer
        number, items = answer
        if number != QUICKLOOK:
            yield plans[number], items


def _close(pipe: IO[str] | None) -> None:
    if pipe is not None:
        try:
            pipe.close()
        except BrokenPipeError:  # what was not yet sent to a process that is gone
            return
