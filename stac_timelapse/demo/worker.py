"""A process that makes passes: started as a module with a folder and a spec, told pass after pass by a line.

It reads the number of a pass per line and answers with its items in one line of JSON, ``-1`` stands for
the overview picture. It ends at once when its input does, so also when its parent was killed.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from pathlib import Path
from typing import NoReturn

from stac_timelapse.demo.passes import make_pass
from stac_timelapse.demo.quicklook import write_quicklook
from stac_timelapse.demo.spec import DemoSpec, Tile

QUICKLOOK = -1


def main(work: Path, spec: DemoSpec) -> NoReturn:
    """Answer until the input ends, which ends the process."""
    plans = spec.passes()
    tasks: queue.SimpleQueue[int] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(tasks,), daemon=True).start()
    while True:
        number = tasks.get()
        if number == QUICKLOOK:
            write_quicklook(work, spec)
        items = [] if number == QUICKLOOK else make_pass(work, spec, plans[number])
        sys.stdout.write(json.dumps(items) + "\n")
        sys.stdout.flush()


def _listen(tasks: queue.SimpleQueue[int]) -> None:
    for line in sys.stdin:
        tasks.put(int(line))
    # Not `sys.exit`: that would end this thread only, and the pass in the making takes a while.
    os._exit(0)


def spec_from_json(text: str) -> DemoSpec:
    """Return the spec that ``json.dumps(dataclasses.asdict(spec))`` described."""
    values = json.loads(text)
    tiles = tuple(Tile(**tile) for tile in values["tiles"])
    return DemoSpec(values["name"], tiles, tuple(values["months"]), values["most"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), spec_from_json(sys.argv[2]))
