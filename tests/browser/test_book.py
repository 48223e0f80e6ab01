"""The book in a browser that has no network, opened as a file."""

import pytest
from playwright.sync_api import Browser, expect


@pytest.fixture
def page(browser: Browser):
    """A page without a network; it may load files and nothing else, and no script may fail."""
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
    made = context.new_page()
    asked, wrong = [], []
    made.on("request", lambda request: asked.append(request.url))
    made.on("pageerror", lambda error: wrong.append(str(error)))
    made.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    yield made
    assert asked and not [url for url in asked if not url.startswith(("file:", "data:"))]
    assert wrong == []
    context.close()


def test_diagrams_are_drawn(page, small_book, shots):
    for name in ("01_doubling", "02_halving"):
        page.goto(f"{small_book.as_uri()}/notebooks/{name}.html")
        drawn = page.locator("pre.mermaid svg")
        expect(drawn).to_be_visible()
        expect(drawn).to_contain_text("engine")
    shots.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=shots / "book.png", full_page=True)


def test_a_search_finds_what_was_printed_and_leads_there(page, small_book):
    page.goto(f"{small_book.as_uri()}/index.html")
    page.get_by_placeholder("Search").fill("zeppelin")
    page.get_by_placeholder("Search").press("Enter")
    page.locator("#search-results").get_by_role("link", name="Halving").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Halving")


def test_a_solution_shows_when_it_is_opened(page, small_book):
    page.goto(f"{small_book.as_uri()}/notebooks/01_doubling.html")
    solution = page.locator("details.solution")
    expect(solution.locator("pre")).to_be_hidden()
    solution.locator("summary").click()
    expect(solution.locator("pre")).to_contain_text("return 2 * n")


def test_one_goes_from_lesson_to_lesson(page, small_book):
    page.goto(f"{small_book.as_uri()}/index.html")
    page.locator(".sidebar-tree").get_by_role("link", name="Doubling").click()
    page.locator(".next-page").click()
    expect(page).to_have_url(f"{small_book.as_uri()}/notebooks/02_halving.html")
