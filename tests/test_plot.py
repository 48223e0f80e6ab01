"""What a plot shows on a page, and without one."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from workshop.plot import ONE, TWO, Plot


@pytest.fixture
def plot() -> Plot:
    made = Plot('Ada\'s count & "Bob"s: < 3', title="Counts", x="names", y="MB")
    made.axes.plot([1, 2, 3], [3, 1, 2], color=ONE, label="Ada")
    made.axes.barh(["a", "b"], [1, 2], color=TWO)
    made.axes.legend()
    return made


def test_it_is_an_image_whose_words_a_screen_reader_reads(plot):
    image = ElementTree.fromstring(plot._repr_html_())
    assert image.get("role") == "img"
    assert image.get("aria-label") == repr(plot) == plot.words


def test_what_is_written_can_be_read_and_has_the_colour_of_the_page(plot):
    svg = plot._repr_html_()
    written = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    assert {"Counts", "names", "MB", "Ada"} <= {text.text for text in written}
    assert "currentColor" in svg
    assert ONE in svg
    assert TWO in svg
    for colour in ("#000000", "#ffffff", "black", "white"):
        assert colour not in svg


def test_it_changes_nothing_else_on_the_page(plot):
    assert "<style" not in plot._repr_html_()
