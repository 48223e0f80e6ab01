"""A dashboard in a page: what a person does with it, and reads off it."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page


def facts(page: Page | Locator) -> dict[str, int]:
    """The numbers of the verdict."""
    text = page.locator(".wl-verdict").first.inner_text()
    found = re.findall(r"([\d,]+) (sent|greeted|on their way|missing|doubled)\b", text)
    return {what: int(number.replace(",", "")) for number, what in found}


def type_name(page: Page | Locator, name: str) -> None:
    """Type a name in the place of what is in the box, and press Enter."""
    box = page.get_by_label("Name", exact=True)
    box.fill("")
    box.press_sequentially(name)
    box.press("Enter")
