"""The book: a site of executed lessons that needs nothing but its own files."""

import json
import re
import shutil
from html.parser import HTMLParser

import nbformat
import pytest

from book.__main__ import build
from book.executed import executed_copies, is_good
from book.pages import PageError, page
from tests.made import notebook
from workshop.errors import WorkshopError
from workshop.paths import ROOT
from workshop.series.lessons import Lesson, lessons

# What a page loads by itself: the attributes that a browser follows without a click.
LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}


class Loaded(HTMLParser):
    """Collects what a page loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.places: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs).get(LOADED.get(tag, ""))
        if found:
            self.places.append(found)


def plain(markup):
    """The text without its markup."""
    return re.sub(r"<[^>]+>", "", markup)


def text(site, name):
    return (site / name).read_text(encoding="utf-8")


def test_each_lesson_is_a_page_and_they_are_in_order(small_book):
    first = text(small_book, "notebooks/01_doubling.html")
    assert re.search(r'class="next-page" href="02_halving.html"', first)
    assert re.search(
        r'class="prev-page" href="01_doubling.html"', text(small_book, "notebooks/02_halving.html")
    )
    index = text(small_book, "index.html")
    assert index.index('href="notebooks/01_doubling.html"') < index.index("02_halving.html")


def test_the_lessons_of_the_series_make_a_book(tmp_path):
    """As they stand: what is wrong with a page or a link is an error of the build."""
    first = build([one.path for one in lessons()], ROOT, tmp_path / "book")
    assert "00_start_here.html" in first.read_text(encoding="utf-8")


def test_a_link_to_a_lesson_and_one_to_a_guide_lead_to_pages(small_book):
    assert 'href="02_halving.html"' in text(small_book, "notebooks/01_doubling.html")
    assert 'href="../docs/guide.html"' in text(small_book, "notebooks/02_halving.html")
    assert "marmalade" in text(small_book, "docs/guide.html")


def test_what_a_lesson_says_and_what_it_printed_is_found(small_book):
    index = json.loads(
        text(small_book, "searchindex.js").removeprefix("Search.setIndex(").rstrip(")")
    )
    pages = index["docnames"]
    for word, place in {"marmalad": "docs/guide", "zeppelin": "notebooks/02_halving"}.items():
        assert pages[index["terms"][word]] == place


def test_a_solution_is_folded_and_so_is_a_hint(small_book):
    first = text(small_book, "notebooks/01_doubling.html")
    (solution,) = re.findall(r'<details class="solution">.+?</details>', first, re.DOTALL)
    assert "<summary>Solution</summary>" in solution
    assert "return 2 * n" in plain(solution)
    assert "return 2 * n" not in plain(first.replace(solution, ""))
    assert "<details>\n<summary>Hint</summary>" in first


def test_the_diagrams_of_text_and_of_outputs_are_kept_for_drawing(small_book):
    for name in ("01_doubling", "02_halving"):
        assert '<pre class="mermaid">flowchart LR' in text(small_book, f"notebooks/{name}.html")
    assert (small_book / "_static" / "mermaid.min.js").stat().st_size > 1_000_000


def test_no_page_loads_anything_from_elsewhere(small_book):
    pages = list(small_book.rglob("*.html"))
    assert len(pages) >= 5
    for one in pages:
        places = Loaded(one.read_text(encoding="utf-8")).places
        assert any(place.endswith(".js") or ".js?" in place for place in places)
        for place in places:
            assert not re.match(r"(\w+:)?//", place), f"{one.name} loads {place}"
            assert (one.parent / place.partition("?")[0].partition("#")[0]).exists(), place
    for sheet in small_book.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", sheet.read_text("utf-8")), sheet


def test_a_link_that_leads_nowhere_is_an_error(small_project, tmp_path, capfd):
    copies = []
    for copy in sorted((small_project / "executed").glob("*.ipynb")):
        copies.append(tmp_path / copy.name)
        changed = copy.read_text(encoding="utf-8").replace("../docs/guide.md", "../docs/gone.md")
        copies[-1].write_text(changed, encoding="utf-8")
    with pytest.raises(WorkshopError, match="The book has a fault"):
        build(copies, small_project, tmp_path / "book")
    assert "02_halving.ipynb" in (told := capfd.readouterr().err) and "gone.md" in told


def test_a_widget_without_a_picture_is_an_error(small_project):
    lesson = Lesson.read(small_project / "executed" / "01_doubling.ipynb")
    shown = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "Box()"}
    cell = next(cell for cell in lesson.notebook.cells if cell.cell_type == "code")
    cell.outputs = [nbformat.v4.new_output("display_data", shown)]
    with pytest.raises(PageError, match=r"01_doubling.ipynb.*'start = 1'.*\n.*last picture"):
        page(lesson)
    cell.outputs = [nbformat.v4.new_output("display_data", {**shown, "text/html": "<b>last</b>"})]
    assert page(lesson).cells


def test_a_copy_is_good_until_the_lesson_is_changed(small_project, tmp_path):
    source, copy = (
        small_project / folder / "02_halving.ipynb" for folder in ("notebooks", "executed")
    )
    assert is_good(source, copy)
    changed = nbformat.read(source, as_version=4)
    changed.cells[-1].source += "\n1"
    nbformat.write(changed, tmp_path / source.name)
    assert not is_good(tmp_path / source.name, copy)
    assert not is_good(source, tmp_path / "none.ipynb")
    cut = nbformat.read(copy, as_version=4)
    cut.cells[-1].execution_count = None
    nbformat.write(cut, tmp_path / "cut.ipynb")
    assert not is_good(source, tmp_path / "cut.ipynb")


def test_only_what_has_no_good_copy_is_executed(small_project, tmp_path, capsys):
    shutil.copytree(small_project / "executed", tmp_path / "executed")
    kept = tmp_path / "executed" / "02_halving.ipynb"
    before = kept.read_bytes()
    new = notebook(tmp_path, "print(6 * 7)", name="03_new.ipynb")
    made = executed_copies([small_project / "notebooks" / kept.name, new], tmp_path / "executed")
    assert "first: 03_new.ipynb\n" in capsys.readouterr().out
    assert kept.read_bytes() == before
    assert is_good(new, made[1])
