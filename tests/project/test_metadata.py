"""Names, versions, dependencies and the lock agree with each other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import stac_timelapse

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RUNTIME = [Requirement(text) for text in PROJECT["dependencies"]]
DEV = [Requirement(text) for text in PROJECT["optional-dependencies"]["dev"]]
LOCK = (ROOT / "requirements.lock").read_text()
PIN = re.compile(
    r"^([a-z0-9._-]+)==([^ ;]+)(?: ;([^\\]*))? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE
)


def pins():
    found: dict[str, list[Version]] = {}
    for name, version, _, _ in PIN.findall(LOCK):
        found.setdefault(canonicalize_name(name), []).append(Version(version))
    return found


def test_the_distribution_has_a_name_of_its_own():
    # "stac-timelapse" is another project's name on the public index.
    assert PROJECT["name"] == "stac-timelapse-dashboard"
    taken = canonicalize_name("stac_timelapse")
    assert taken not in {canonicalize_name(requirement.name) for requirement in (*RUNTIME, *DEV)}
    assert taken not in pins()


def test_one_version_everywhere():
    assert PROJECT["version"] == stac_timelapse.__version__
    assert f"## [{stac_timelapse.__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_the_lock_is_exact_hashed_and_without_addresses():
    lines = [line for line in LOCK.splitlines() if line and not line.startswith(" ")]
    assert len(lines) == len(PIN.findall(LOCK)) > 100
    assert "://" not in LOCK


def test_the_lock_holds_what_the_project_asks_for():
    locked = pins()
    overruled = {"cartopy"}
    for requirement in (*RUNTIME, *DEV):
        versions = locked.get(canonicalize_name(requirement.name), [])
        assert versions, f"{requirement.name} is not in requirements.lock: run `make lock`"
        if requirement.name not in overruled:
            assert all(requirement.specifier.contains(version, prereleases=True) for version in versions), requirement


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_an_override_drops_no_package_on_any_python(python):
    # An override replaces every request for its package; where its marker is false, nothing asks for it any more.
    machine = {"python_version": python, "python_full_version": f"{python}.1", "sys_platform": "linux"}
    locked = {
        name for name, _, marker, _ in PIN.findall(LOCK) if not marker or Marker(marker.strip()).evaluate(machine)
    }
    lines = (ROOT / "requirements.overrides").read_text().splitlines()
    overruled = {Requirement(line).name for line in lines if line and not line.startswith("#")}
    assert overruled >= {"numpy", "pillow", "cartopy"}
    assert overruled <= locked


def conda():
    text = (ROOT / "environment.yml").read_text()
    # Not in the list: pip, called by conda, would follow geogif's metadata and bring numpy 1 back.
    beside = re.findall(r'^#   pip install --no-deps "([^"]+)" -e \.$', text, re.MULTILINE)
    listed = [Requirement(entry) for entry in (*yaml.safe_load(text)["dependencies"], *beside)]
    return {canonicalize_name(requirement.name): requirement.specifier for requirement in listed}


def test_the_conda_environment_asks_for_the_same():
    wanted = {canonicalize_name(requirement.name): requirement.specifier for requirement in RUNTIME}
    offered = conda()
    # dask[distributed] is two packages in conda, hatchling and editables build the project; the rest bring more with
    # pip than with conda.
    extra = {name: offered.pop(name) for name in ("python", "pip", "distributed", "cartopy", "hatchling", "editables")}
    # One package has another name there.
    offered["isal"] = offered.pop("python-isal")
    assert offered == wanted
    assert str(extra["python"]) == PROJECT["requires-python"]
    overrides = (ROOT / "requirements.overrides").read_text()
    assert f"cartopy{extra['cartopy']} ;" in overrides


@pytest.mark.parametrize("card", ["panel", "holoviews", "geoviews", "hvplot", "pystac-client", "planetary-computer",
    "stackstac", "dask", "xarray", "rioxarray", "geogif", "geopandas"])  # fmt: skip
def test_every_package_of_the_design_is_in_real_use(card):
    names = {"dask": r"(dask|distributed)"}
    module = names.get(card, card.replace("-", "_"))
    used = re.compile(rf"^\s*(import|from) {module}\b", re.MULTILINE)
    sources = [*(ROOT / "stac_timelapse").rglob("*.py"), *(ROOT / "app").rglob("*.py")]
    assert any(used.search(path.read_text()) for path in sources), card
