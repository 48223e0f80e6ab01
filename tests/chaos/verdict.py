"""What became of the names, judged from the topics alone, and the table of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table


@dataclass
class Verdict:
    """What went wrong, as sentences; all is well when there are none.

    Attributes
    ----------
    lost, doubled
        How many greetings are missing, and how many there are beyond the first of each.
    faults
        One sentence for every name that was not greeted 1, 2, 3 and so on, each once.
    """

    lost: int = 0
    doubled: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether every name was greeted as often as it was sent, and in order."""
        return not self.faults

    def __str__(self) -> str:
        told = f"lost {self.lost}, doubled {self.doubled}"
        return f"good: {told}" if self.good else "\n".join([f"BAD: {told}", *self.faults[:20]])


def judge(
    sent: Iterable[str], received: Iterable[str], greeted: Iterable[tuple[str, int]]
) -> Verdict:
    """Judge a run.

    Parameters
    ----------
    sent
        The names that were sent.
    received
        The names that lie in the topic of names: a sender may lose or double one as well.
    greeted
        Name and count of every committed greeting, in the order of the topic.
    """
    verdict = Verdict()
    expected, there = Counter(sent), Counter(received)
    for name in sorted(expected | there):
        if expected[name] != there[name]:
            verdict.faults.append(
                f"{name} was sent {expected[name]} times and lies in the topic {there[name]} times"
            )
    counts: dict[str, list[int]] = {name: [] for name in there}
    for name, count in greeted:
        counts.setdefault(name, []).append(count)
    for name, seen in sorted(counts.items()):
        right = list(range(1, there[name] + 1))
        if seen == right:
            continue
        missing = sorted({*right} - {*seen})
        extra = sorted((Counter(seen) - Counter(right)).elements())
        verdict.lost += len(missing)
        verdict.doubled += len(extra)
        told = [f"without {missing[:10]}"] * bool(missing) + [f"again {extra[:10]}"] * bool(extra)
        verdict.faults.append(f"{name}: 1 to {len(right)} {', '.join(told) or 'out of order'}")
    return verdict


@dataclass
class Kill:
    """One strike as it happened.

    Attributes
    ----------
    at
        Seconds since the first name was sent.
    target
        What was killed.
    seconds
        Until the first committed greeting of a name that was sent later, or None if none came.
    """

    at: float
    target: str
    seconds: float | None = None


@dataclass
class Report:
    """A whole run."""

    seed: int
    names: int
    keys: int
    seconds: float
    kills: list[Kill]
    verdict: Verdict

    def __str__(self) -> str:
        table = Table("at, s", "killed", "greeted again after, s")
        for kill in self.kills:
            again = "never" if kill.seconds is None else f"{kill.seconds:.1f}"
            table.add_row(f"{kill.at:.1f}", kill.target, again)
        console = Console(width=100)
        with console.capture() as capture:
            console.print(table)
        return (
            f"Seed {self.seed}: {self.names} names over {self.keys} keys in {self.seconds:.0f} s\n"
            f"{capture.get()}Verdict: {self.verdict}"
        )
