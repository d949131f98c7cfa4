"""Rules of the house that a machine can check."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = {
    "", ".css", ".html", ".ipynb", ".js", ".json", ".lock", ".md", ".overrides", ".py", ".sh", ".svg", ".toml", ".yml",
}  # fmt: skip


def tracked():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True)
    paths = [ROOT / name for name in listed.stdout.decode().splitlines()]
    return [path for path in paths if path.is_file() and path.suffix in TEXT]


def test_imports_run_one_way():
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.mark.parametrize("package", ["stac_timelapse", "app"])
def test_modules_are_small_and_named_after_what_they_know(package):
    modules = list((ROOT / package).rglob("*.py"))
    assert modules
    assert [path.name for path in modules if len(path.read_text().splitlines()) > 300] == []
    assert [path for path in modules if re.fullmatch(r"(utils?|helpers?|common|misc)\.py", path.name)] == []


def test_no_trace_of_a_machine_or_a_registry():
    # Written in pieces so that this file does not find itself.
    folders = ["/" + name + "/" for name in ("root", "work", "tmp")]
    hosts = ["pypi" + r"\.org", "python" + "hosted", "npm" + r"js\.", "repo\\." + "anaconda", "conda\\." + "anaconda"]
    places = re.compile("|".join([*folders, *hosts]))
    for path in tracked():
        found = places.search(path.read_text(encoding="utf-8"))
        assert found is None, f"{path.relative_to(ROOT)}: {found.group() if found else ''}"


def test_nobody_is_told_to_install_the_project_of_the_same_name():
    installs = re.compile(r"(?:pip|uv|conda|pipx)[^\n]*(?:install|add)[^\n]*stac[-_]time" + r"lapse(?!-dashboard)\b")
    for path in tracked():
        found = installs.search(path.read_text(encoding="utf-8"))
        assert found is None, f"{path.relative_to(ROOT)}: {found.group() if found else ''}"


def test_nothing_is_left_to_do_later():
    mark = re.compile("TO" + r"DO\b|FIX" + r"ME\b|raise Not" + "ImplementedError")
    sources = [path for path in tracked() if path.suffix == ".py"]
    assert [path.name for path in sources if mark.search(path.read_text())] == []


def test_the_notebook_is_clean():
    notebook = json.loads((ROOT / "timelapse_notebook.ipynb").read_text())
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert code
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)


def test_make_tells_what_it_can():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    told = subprocess.run(["make"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert targets == set(re.findall(r"^  make (\w+)", told, re.MULTILINE))
    assert {"setup", "serve", "test", "lint", "bench", "docs"} <= targets


def test_the_library_imports_without_a_user_interface():
    script = (
        "import sys, stac_timelapse.cli\n"
        "interface = ('panel', 'param', 'holoviews', 'geoviews', 'hvplot', 'bokeh')\n"
        "print([name for name in interface if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_the_readme_is_short_and_its_pictures_exist():
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) < 150
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", text)
    assert pictures
    assert [name for name in pictures if not (ROOT / name).is_file()] == []
