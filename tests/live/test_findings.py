"""What a dashboard's run found, as a plot."""

from __future__ import annotations

from types import SimpleNamespace

from workshop.live.findings import Findings
from workshop.live.window import Percentiles


def found(*arrivals: tuple[float, float | None], seconds: float = 5.0) -> Findings:
    """A run that ended at 100, with greetings that came at these times and took so long."""
    latest = tuple(SimpleNamespace(at=at, latency=latency) for at, latency in arrivals)
    percentiles = Percentiles(0.3, 0.4, 0.4, 2) if arrivals else Percentiles()
    scene = SimpleNamespace(feed=SimpleNamespace(at=100.0, latest=latest))
    return Findings(2, 2, 0, 0, seconds, percentiles, (), scene)


def test_the_plot_says_how_long_the_greetings_of_this_run_took():
    plot = found((99.0, 0.3), (98.0, 0.4), (97.0, None), (90.0, 9.0)).plot()
    assert plot.words == (
        "How long 2 greetings took, from sent to committed: 0.30 s to 0.40 s; "
        "p50 at 0.30 s, p95 at 0.40 s, p99 at 0.40 s."
    )
    assert ">p95<" in plot._repr_html_()


def test_a_run_without_greetings_has_a_plot_too():
    plot = found(seconds=0.0).plot()
    assert "How long 0 greetings took, from sent to committed: nothing;" in plot.words
    assert "<svg" in plot._repr_html_()
