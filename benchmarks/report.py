"""The runs as a table and a picture: ratios of medians, what was fetched, and the memory of all processes."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]
_HEAD = (
    "| area | latency | contender | s (median) | against the seed | against the limit | peak MB | requests | MB "
    "| bytes / needed |\n|---|---|---|---|---|---|---|---|---|---|\n"
)


def table(rows: Sequence[Row], needed: Mapping[int, int]) -> str:
    """Return the markdown table.

    Parameters
    ----------
    rows
        One each run.
    needed
        Bytes of the blocks that hold a clear pixel, by size of the area.
    """
    lines = []
    for size, latency in sorted({(row["size"], row["latency"]) for row in rows}):
        case = [row for row in rows if (row["size"], row["latency"]) == (size, latency)]
        names = list(dict.fromkeys(row["name"] for row in case))
        seconds = {name: _median(case, name, "seconds") for name in names}
        for name in names:
            ratios = [
                f"{seconds[name] / seconds[other]:.2f}" if other in seconds else "" for other in ("seed", "limit")
            ]
            fetched = _median(case, name, "bytes")
            share = f"{fetched / needed[size]:.2f}" if size in needed else ""
            lines.append(
                f"| {size}² | {latency} ms | {name} | {seconds[name]:.1f} | {ratios[0]} | {ratios[1]} "
                f"| {_median(case, name, 'peak_mb'):.0f} | {_median(case, name, 'requests'):.0f} "
                f"| {fetched / 1e6:.0f} | {share} |\n"
            )
    return _HEAD + "".join(lines)


def plot(rows: Sequence[Row], path: Path) -> None:
    """Draw seconds and memory as bars, logarithmic, one group a case."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - only for those who ask for a picture

    cases = sorted({(row["size"], row["latency"]) for row in rows})
    names = list(dict.fromkeys(row["name"] for row in rows))
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for axes, key, title in zip(figure.subplots(1, 2), ("seconds", "peak_mb"), ("seconds", "peak MB"), strict=True):
        for number, name in enumerate(names):
            places, heights = [], []
            for index, (size, latency) in enumerate(cases):
                case = [row for row in rows if (row["size"], row["latency"], row["name"]) == (size, latency, name)]
                if case:
                    places.append(index + (number - len(names) / 2) * 0.8 / len(names))
                    heights.append(statistics.median(row[key] for row in case))
            axes.bar(places, heights, 0.8 / len(names), label=name, align="edge")
        axes.set_xticks(range(len(cases)), [f"{size}²\n{latency} ms" for size, latency in cases])
        axes.set_yscale("log")
        axes.set_title(title)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper")
    figure.savefig(path, dpi=120)


def _median(rows: Sequence[Row], name: str, key: str) -> float:
    return float(statistics.median(row[key] for row in rows if row["name"] == name))
