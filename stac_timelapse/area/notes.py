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
    closed
        How many closed lines were taken as polygons, by the kind's name in the singular.
    remarks
        Whole sentences about the file, said first.
    refusals
        One sentence for each polygon or point that is not usable.
    """

    unused: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def refuse(self, what: str, name: str, reason: str) -> None:
        """Remember one thing (`what`: ``"polygon"``) that cannot be used, and the sentence that says why."""
        label = f"The {what} {name!r}" if name else f"A {what} without a name"
        self.refusals.append(f"{label} was left out: {reason[:1].lower()}{reason[1:]}")

    def sentences(self) -> list[str]:
        """Return one sentence for each kind of thing; of many refusals only the first few."""
        said = [*self.remarks, *self.refusals[:_MOST_REFUSALS]]
        more = len(self.refusals) - _MOST_REFUSALS
        if more > 0:
            said.append(f"{more} more {_plural(more, 'shape')} cannot be used either.")
        for kind, count in sorted(self.closed.items()):
            taken = "is taken as a polygon" if count == 1 else "are taken as polygons"
            said += [f"{count} closed {_plural(count, kind)} {taken}."] if count else []
        for kind, count in sorted(self.unused.items()):
            was = "was" if count == 1 else "were"
            said.append(f"{count} {_plural(count, kind)} {was} left out: only polygons and points are used.")
        return said


def _plural(count: int, kind: str) -> str:
    noun, _, rest = kind.partition(" without")
    return kind if count == 1 else f"{noun}s{' without' if rest else ''}{rest}"
