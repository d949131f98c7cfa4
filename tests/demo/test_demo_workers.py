"""The processes that build the demo: they fail in one sentence, and none outlives its owner."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from stac_timelapse import demo
from stac_timelapse.demo.worker import spec_from_json
from stac_timelapse.demo.workers import work_on
from stac_timelapse.errors import ProviderError

TINY = replace(demo.SMALL, name="tiny", months=("2022-02",), most=1)


def workers_of(pid):
    found = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(line.split()[0]) for line in found.stdout.splitlines() if "stac_timelapse.demo.worker" in line]


def wait_until(what, seconds=30.0):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def test_a_spec_travels_as_json():
    assert spec_from_json(json.dumps(asdict(TINY))) == TINY


def test_a_process_that_dies_is_one_sentence_and_leaves_nothing(tmp_path):
    with work_on(tmp_path, TINY, 1) as results:
        os.kill(*workers_of(os.getpid()), signal.SIGKILL)
        with pytest.raises(ProviderError, match=r"could not be made \(a process was stopped\): free some disk space"):
            list(results)
    assert not workers_of(os.getpid())


def test_leaving_early_stops_the_processes(tmp_path):
    with work_on(tmp_path, demo.SMALL, 2):
        assert len(workers_of(os.getpid())) == 2
    assert not workers_of(os.getpid())


def test_processes_end_with_a_killed_owner_whose_script_has_no_guard(tmp_path):
    code = (
        "import sys; from pathlib import Path; from stac_timelapse import demo\n"
        f"demo.build(Path({str(tmp_path / 'demo')!r}), spec=demo.SMALL, workers=2)"
    )
    owner = subprocess.Popen([sys.executable, "-"], stdin=subprocess.PIPE, text=True)
    owner.stdin.write(code)
    owner.stdin.close()
    wait_until(lambda: len(workers_of(owner.pid)) == 2)
    pids = workers_of(owner.pid)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    wait_until(lambda: all(is_gone(pid) for pid in pids))
    assert not (tmp_path / "demo").exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(
        ProviderError, match=r"cannot be written to .* free some 300 MB, or name another folder in STAC"
    ):
        demo.build(tmp_path / "file" / "demo", spec=TINY, workers=1)
