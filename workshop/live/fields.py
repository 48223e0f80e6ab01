"""Two fields that ipywidgets lacks: each is a few lines of JavaScript beside this file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets


def script(name: str) -> str:
    """The JavaScript of a widget: a file beside this one."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


class NameField(anywidget.AnyWidget):
    """A box for a name, and a button that greets it; Enter does the same.

    With a text box and a button of ipywidgets, the page tells of the key, the click and the text
    in messages of their own. While the kernel is busy, the text comes last, and the name that was
    in the box before would be greeted.

    Parameters
    ----------
    value
        What the box begins with.
    greet
        Called with each name that is to be greeted.
    """

    _esm = script("name_field.js")
    value = traitlets.Unicode().tag(sync=True)

    def __init__(self, value: str, greet: Callable[[str], None]) -> None:
        super().__init__(value=value)
        self._greet = greet
        self.on_msg(self._told)

    def _told(self, _: Any, content: dict[str, Any], __: Any) -> None:
        self._greet(content["greet"])


class RateSlider(anywidget.AnyWidget):
    """A slider from 1 to 1,000 with a name for screen readers, which those of ipywidgets lack.

    Parameters
    ----------
    value
        What it begins with.
    """

    _esm = script("rate_slider.js")
    value = traitlets.Int(1, min=1, max=1000).tag(sync=True)

    def __init__(self, value: int) -> None:
        super().__init__(value=value)
