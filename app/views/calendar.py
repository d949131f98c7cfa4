"""What the search found and what the build made of it, month by month, as small pictures in HTML."""

from __future__ import annotations

from collections import Counter
from datetime import date
from html import escape
from typing import Any

from app.results import Series
from app.state import AppState
from app.views.words import count, result_words, satellite_words, share_words, size_words, ticks_of
from stac_timelapse.build import MonthResult
from stac_timelapse.estimate import Estimate
from stac_timelapse.scenes.facts import failure_lines
from stac_timelapse.scenes.model import SceneSet
from stac_timelapse.scenes.periods import words_of

_MILLION = 1e6
_LETTERS = 24
#: More months are counted, and named behind the ids.
_MONTHS = 4


def counts_html(scenes: SceneSet) -> str:
    """Return one bar a month, as high as the number of its passes."""
    numbers = [len(passes) for passes in scenes.by_month().values()]
    most = max(*numbers, 1)
    every = -(-len(numbers) // _LETTERS)
    bars = []
    ticks = ticks_of(scenes.months)
    for at, (month, number) in enumerate(zip(scenes.months, numbers, strict=True)):
        text, is_year = ticks[at]
        tick = text if is_year or at % every == 0 else ""
        kind = "bar" if number else "bar none"
        title = f"{words_of(month)}: {count(number, 'pass', 'passes')}"
        bars.append(
            f'<div class="month" title="{title}"><span class="n">{number if len(numbers) <= _LETTERS else ""}</span>'
            f'<div class="well"><div class="{kind}" style="height:{100 * number / most:.0f}%"></div></div>'
            f'<span class="tick">{tick}</span></div>'
        )
    style = f"--months:{len(numbers)}"
    return f'<div class="counts" style="{style}" role="img" aria-label="Passes a month">{"".join(bars)}</div>'


def found_html(state: AppState) -> str:
    """Return the funnel from items to passes, the passes of each month, what was left out, and what who had."""
    scenes = state.scenes
    if scenes is None:
        return ""
    used = state.used or scenes
    steps = (
        (scenes.n_items, "items found"),
        (used.n_scenes, "scenes used"),
        (len(used.passes), "passes"),
    )
    funnel = '<span class="arrow">→</span>'.join(
        f'<span class="number"><b>{number:,}</b>{words}</span>' for number, words in steps
    )
    left = []
    if scenes.n_twins:
        left.append(f"{count(scenes.n_twins, 'older version')} of the same scene")
    for reason, number in Counter(other.reason for other in used.rejected).items():
        left.append(f"{count(number, 'pass', 'passes')} {reason}")
    if items := sum(one.is_item for one in scenes.left_out):
        left.append(f"{count(items, 'item')} that cannot be used")
    out = f'<p class="quiet">Left out: {escape(", ".join(left))}.</p>' if left else ""
    if state.measuring:
        out = '<p class="quiet" role="status">Measuring what each pass saw of your area …</p>'
    return f'<div class="found"><div class="funnel">{funnel}</div>{counts_html(used)}{out}{catalogs_html(used)}</div>'


def catalogs_html(scenes: SceneSet) -> str:
    """Return what each of several catalogues gave and lacked; one that could not be searched is an alert."""
    alerts = "".join(f'<p class="down" role="alert">{escape(line)}</p>' for line in failure_lines(scenes))
    if len(scenes.catalogs) < 2:  # noqa: PLR2004 - nothing to compare
        return alerts
    answered = [share for share in scenes.catalogs if not share.failure]
    rows = []
    for share in answered:
        words = f"<b>{escape(share.title)}</b>: {count(scenes.n_of(share.title), 'scene')} used"
        if share.lacked:
            months = ", ".join(map(words_of, share.gained))
            some = months if len(share.gained) <= _MONTHS else count(len(share.gained), "month")
            gained = f"; passes gained in {some}" if months else ""
            listed = [*share.lacked, *([f"gained: {months}"] if some != months else [])]
            names = "".join(f"<li>{escape(text)}</li>" for text in listed)
            words += (
                f"<details><summary>it lacked {count(len(share.lacked), 'scene')}{gained}</summary>"
                f"<ul>{names}</ul></details>"
            )
        elif len(answered) > 1:
            words += ", it lacked none"
        rows.append(f"<li>{words}</li>")
    return f'<ul class="catalogs">{"".join(rows)}</ul>{alerts}'


def estimate_html(estimate: Estimate | None, refusal: str) -> str:
    """Return what a build will cost, or why it may not be done."""
    if refusal:
        return f'<div class="refusal" role="alert"><b>Too big to build</b>{escape(refusal)}</div>'
    if estimate is None:
        return ""
    rows = (
        (f"{estimate.width:,} × {estimate.height:,}".replace(",", "\u202f"), f"pixels at {estimate.resolution:g} m"),
        (f"≈ {size_words(estimate.read_bytes)}", "to read"),
        (f"≈ {size_words(estimate.memory_bytes)}", "memory"),
    )
    cells = "".join(f'<div class="cell"><b>{value}</b><span>{label}</span></div>' for value, label in rows)
    return f'<div class="estimate">{cells}</div>'


def months_html(series: Series | None, building: str, current: str, *, at_work: bool) -> str:
    """Return one line a month: finished, in work, or waiting.

    Parameters
    ----------
    series
        None shows nothing.
    building
        Month in work, or empty.
    current
        Month on display.
    at_work
        Whether a build is under way.
    """
    if series is None:
        return ""
    rows = []
    for month in series.months:
        result = series.result(month)
        kind = "doing" if month == building and result is None else "todo"
        words = "building …" if kind == "doing" else "waiting" if at_work else "not built"
        if result is not None:
            kind = "gap" if result.empty else "done"
            nothing = "no clear pixel" if result.passes_used else "none used" if result.facts.rejected else "no pass"
            words = nothing if result.empty else f"{share_words(result.clear_share)} clear"
        shown = " shown" if month == current else ""
        rows.append(
            f'<tr class="{kind}{shown}" title="{escape(result_words(result))}"><td class="dot"></td>'
            f"<td>{words_of(month)}</td><td>{_passes(result)}</td><td class=share>{words}</td></tr>"
        )
        rows += [
            f'<tr class="lost"><td></td><td colspan="3">left out: {escape(scene)} ({escape(reason)})</td></tr>'
            for scene, reason in (result.unreadable if result is not None else ())
        ]
    return f'{facts_html(series.result(current))}<table class="months">{"".join(rows)}</table>'


def facts_html(result: MonthResult | None) -> str:
    """Return a line about the month on display: its median day, the passes of each satellite, filled and left out."""
    if result is None:
        return ""
    facts = result.facts
    said = []
    if facts.median_day:
        day = date.fromisoformat(facts.median_day)
        said.append(f"median day {day.day} {day:%b}")
    said += [f"{satellite_words(name)} {number}" for name, number in facts.sensors.items()]
    if result.filled_share:
        said.append(f"{share_words(result.filled_share)} filled")
    if facts.rejected:
        said.append(f"{len(facts.rejected)} left out")
    # Only between two of them a line may break.
    words = escape(" · ".join(one.replace(" ", "\u00a0") for one in said) or "nothing found")
    return f'<p class="now"><b>{words_of(result.month)}</b> {words}</p>'


def _passes(result: Any) -> str:
    return "" if result is None else count(result.passes_used, "pass", "passes")
