"""The glossary: links to it lead to a term, and the lessons link the terms that they explain."""

from __future__ import annotations

import re

import pytest

from workshop.paths import ROOT
from workshop.series.lessons import lessons

TEXT = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
TERMS = dict(re.findall(r"^## (.+)\n\n((?:.+\n)+)", TEXT, re.MULTILINE))
ANCHORS = {term.replace(" ", "-"): term for term in TERMS}
SERIES = lessons()
LINK = re.compile(r"\]\(\.\./docs/glossary\.md#([^)]+)\)")


def test_the_terms_are_in_order_and_lower_case():
    # Then JupyterLab, a forge and the book make the same anchor of a heading.
    assert list(TERMS) == sorted(TERMS)
    assert all(re.fullmatch("[a-z]+( [a-z]+)*", term) for term in TERMS)
    assert len(TERMS) == TEXT.count("\n## ")


@pytest.mark.parametrize("lesson", SERIES, ids=lambda one: one.path.stem)
def test_a_link_leads_to_a_term(lesson):
    assert set(LINK.findall(lesson.text)) <= set(ANCHORS)


def test_links_within_the_glossary_lead_to_terms():
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= set(ANCHORS)


@pytest.mark.parametrize("anchor", ANCHORS)
def test_a_term_is_linked_by_the_lesson_that_explains_it(anchor):
    found = re.search(r"\((\d\d)\)\n", TERMS[ANCHORS[anchor]])
    assert found, "which lesson explains it?"
    (lesson,) = [one for one in SERIES if one.number == found[1]]
    assert anchor in LINK.findall(lesson.text)
