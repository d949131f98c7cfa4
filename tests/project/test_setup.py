"""`make setup` on machines that are not like this one: a stand-in for uv notes what it is asked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ["tools/setup.sh", "tools/browser.sh"]


@pytest.fixture
def project(tmp_path):
    """Return a project with nothing but what setup needs, beside a folder for programs."""
    folder = tmp_path / "project"
    (folder / "tools").mkdir(parents=True)
    for name in ("tools/setup.sh", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "requirements.lock").write_text("")
    (tmp_path / "bin").mkdir()
    return folder


def program(project, name, text):
    path = project.parent / "bin" / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def setup(project, **environment):
    return subprocess.run(
        ["sh", "tools/setup.sh"],
        cwd=project,
        env={"PATH": f"{project.parent / 'bin'}:/usr/bin:/bin", "HOME": str(project.parent), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_everything_is_installed_once_and_again_after_a_change_of_the_lock(project):
    program(project, "uv", 'echo "$@" >>"$HOME/asked"')
    asked = project.parent / "asked"

    first = setup(project, PYTHON=sys.executable)
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines()[0].startswith("setup: making .venv with Python 3.")
    assert first.stdout.splitlines()[-1] == "setup: ready"
    packages, itself = asked.read_text().splitlines()
    assert packages.startswith("pip install")
    assert "--require-hashes -r requirements.lock" in packages
    assert "--no-deps" in packages
    assert itself.endswith("--no-deps --no-build-isolation -e .")

    again = setup(project, PYTHON=sys.executable)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")

    (project / "requirements.lock").write_text("# another\n")
    setup(project, PYTHON=sys.executable)
    assert len(asked.read_text().splitlines()) == 4


def test_pip_takes_over_where_uv_cannot_reach_its_index(project):
    program(project, "uv", '[ "$1" = venv ] || exit 2')
    done = setup(project, PYTHON=sys.executable, PIP_NO_INDEX="1")

    assert "setup: uv could not; installing with pip, which takes longer" in done.stdout
    # The empty lock is installed; the project itself needs hatchling, which is not there.
    assert done.returncode == 1
    assert "setup: could not install the packages; the lines above say why" in done.stderr
    assert not (project / ".venv" / ".ready").exists()


def test_a_machine_without_a_recent_python_is_told_so(project):
    for name in ("python3", *(f"python3.{minor}" for minor in range(11, 15))):
        program(project, name, "exit 1")
    done = setup(project)

    assert done.returncode == 1
    assert done.stderr == "setup: found no Python 3.11 or newer; name one: make PYTHON=/path/to/python3.11\n"


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_plain_shell(name):
    subprocess.run(["sh", "-n", name], cwd=ROOT, check=True)


def test_the_script_of_continuous_integration_can_be_started():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)


def test_a_browser_that_is_named_is_taken(tmp_path):
    browser = tmp_path / "chromium"
    browser.touch()

    def found(path):
        return subprocess.run(
            [sys.executable, ROOT / "tools" / "find_browser.py"],
            env={**os.environ, "CHROMIUM": str(path)},
            capture_output=True,
            text=True,
            check=False,
        )

    assert found(browser).stdout == f"{browser}\n"
    assert found(tmp_path / "missing").returncode == 1
