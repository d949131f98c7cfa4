"""What is behind one pixel, asked for on the command line."""

from __future__ import annotations

import csv
import json
import re

import numpy as np
import pytest
from world import Granule, lonlat_bbox, write_catalog

from stac_timelapse.cli import main

WEST, NORTH = 499_980.0, 5_200_020.0
BOX = lonlat_bbox(WEST + 5, NORTH - 955, WEST + 955, NORTH - 5)
PLACE = f"{(BOX[0] + BOX[2]) / 2},{(BOX[1] + BOX[3]) / 2}"


@pytest.fixture
def query(tmp_path, monkeypatch):
    monkeypatch.setenv("STAC_TIMELAPSE_CACHE", str(tmp_path / "cache"))
    granules = [
        Granule(name, f"2022-{month}-{day:02d}T10:00:00Z", {"B04": np.full((96, 96), value)},
                np.full((96, 96), scl), cloud=cloud)
        for name, month, day, value, scl, cloud in [
            ("one", "01", 3, 1000, 4, 10), ("two", "01", 13, 2000, 5, 10), ("hidden", "01", 23, 9000, 9, 10),
            ("cloudy", "02", 3, 3000, 4, 70),
        ]
    ]  # fmt: skip
    catalog = write_catalog(tmp_path / "scenes", granules)
    box = ",".join(map(str, BOX))
    return ["--catalog", str(catalog), "--aoi", box, "--months", "2022-01/2022-02", "--bands", "B04"]


def probe(capsys, *arguments):
    code = main(["probe", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_every_observation_is_printed_with_its_fate_and_the_composite(query, capsys):
    code, printed, progress = probe(capsys, *query, "--max-cloud", 60, "--at", PLACE)
    assert code == 0
    assert "Reading 2022-02" in progress
    lines = [re.split(r"  +", line.strip()) for line in printed.splitlines()]
    assert lines == [
        ["date", "time", "satellite", "tile", "class", "used", "B04", "reason"],
        ["2022-01-03", "10:00", "sentinel-2a", "33TWM", "4 Vegetation", "yes", "0.1000"],
        ["2022-01-13", "10:00", "sentinel-2a", "33TWM", "5 Bare soil", "yes", "0.2000"],
        ["2022-01-23", "10:00", "sentinel-2a", "33TWM", "9 Cloud, high probability", "no", "0.9000",
         "not a clear class"],
        ["2022-01", "median", "observed in this period", "2", "0.1500"],
        ["2022-02-03", "10:00", "sentinel-2a", "33TWM", "4 Vegetation", "no", "0.3000", "above the cloud limit"],
        ["2022-02", "median", "no data", "0", "-"],
    ]  # fmt: skip


def test_one_month_as_json_and_csv(query, tmp_path, capsys):
    table = tmp_path / "pixel.csv"
    code, printed, _ = probe(
        capsys, *query, "--at", PLACE, "--method", "mean", "--month", "2022-01", "--json", "--csv", table
    )
    assert code == 0
    told = json.loads(printed)
    (month,) = told["months"]
    assert (told["method"], told["bands"], month["month"]) == ("mean", ["B04"], "2022-01")
    assert month["composite"] == {"values": {"B04": 0.15}, "passes": 2, "origin": "observed in this period"}
    assert [(one["scene"], one["used"]) for one in month["observations"]] == [
        ("one", True), ("two", True), ("hidden", False),
    ]  # fmt: skip
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["row"], row["scene"], row["used"], row["B04"]) for row in rows] == [
        ("observation", "one", "1", "0.1"),
        ("observation", "two", "1", "0.2"),
        ("observation", "hidden", "0", "0.9"),
        ("composite", "", "", "0.15"),
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--at", "somewhere"], "The place 'somewhere' is not a longitude and a latitude: write it like"),
        (["--at", "-70.5,12"], "The place -70.50000, 12.00000 (longitude, latitude) is not on the picture"),
        (["--at", "15.0,91"], "The place 15.00000, 91.00000 (longitude, latitude) is not on the picture"),
        (["--at", "nan,1"], "The place 'nan,1' is not a longitude and a latitude"),
        (["--at", PLACE, "--month", "2021-01"], "The month 2021-01 is not one of 2022-01, 2022-02"),
        (["--at", PLACE, "--csv", "/dev/null/pixel.csv"], "The table cannot be written to /dev/null/pixel.csv"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(query, capsys, arguments, sentence):
    code, printed, progress = probe(capsys, *query, *arguments)
    assert (code, printed) == (2, "")
    (said,) = [line for line in progress.splitlines() if not line.startswith("Reading")]
    assert sentence in said
