"""The line between a page and its kernel: what the kernel says can be held up."""

from __future__ import annotations

import re

from playwright.sync_api import Page, WebSocketRoute


class Line:
    """The line of one page; make it before the page is opened.

    A kernel that is far away or busy answers late. While the line holds, the kernel hears all
    and its answers wait.
    """

    def __init__(self, page: Page) -> None:
        self._holds = False
        self._held: list[tuple[WebSocketRoute, str | bytes]] = []
        page.route_web_socket(re.compile("/channels"), self._route)

    def hold(self) -> None:
        """Hold up what the kernel says from now on."""
        self._holds = True

    def release(self) -> None:
        """Let it through, in its order."""
        self._holds = False
        held, self._held = self._held, []
        for page, message in held:
            page.send(message)

    def _route(self, page: WebSocketRoute) -> None:
        def said(message: str | bytes) -> None:
            if self._holds:
                self._held.append((page, message))
            else:
                page.send(message)

        page.connect_to_server().on_message(said)
