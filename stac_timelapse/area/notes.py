"""Collect what a file held that was not used, and tell it in few sentences."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

_MOST_REFUSALS = 5


@dataclass
class Notes:
    """What the reader of a file has to say about it.

    Parameters
    ----------
    unused
        How many of each kind were left out, by the kind's name in the singular.
    closed_lines
        How many closed lines were taken as polygons.
    refusals
        One sentence for each polygon or point that is not usable.
    """

    unused: Counter[str] = field(default_factory=Counter)
    closed_lines: int = 0
    refusals: list[str] = field(default_factory=list)

    def refuse(self, what: str, name: str, reason: str) -> None:
        """Remember one thing (`what`: ``"polygon"``) that cannot be used, and the sentence that says why."""
        label = f"The {what} {name!r}" if name else f"A {what} without a name"
        self.refusals.append(f"{label} was left out: {reason[:1].lower()}{reason[1:]}")

    def sentences(self) -> list[str]:
        """Return one sentence for each kind of thing; of many refusals only the first few."""
        said = [*self.refusals[:_MOST_REFUSALS]]
        more = len(self.refusals) - len(said)
        if more:
            said.append(f"{more} more {_plural(more, 'shape')} cannot be used either.")
        if self.closed_lines == 1:
            said.append("1 closed line is taken as a polygon.")
        elif self.closed_lines:
            said.append(f"{self.closed_lines} closed lines are taken as polygons.")
        for kind, count in sorted(self.unused.items()):
            was = "was" if count == 1 else "were"
            said.append(f"{count} {_plural(count, kind)} {was} left out: only polygons and points are used.")
        return said


def _plural(count: int, kind: str) -> str:
    noun, _, rest = kind.partition(" without")
    return kind if count == 1 else f"{noun}s{' without' if rest else ''}{rest}"
