"""How Sphinx makes the book. Everything that its pages load is in the book itself."""

from __future__ import annotations

from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from book.mermaid import unpacked
from book.pages import WIDGET
from book.running import offered

project = "Stateful Functions, from a name to a greeting"
extensions = ["myst_nb"]
myst_fence_as_directive = ["mermaid"]
myst_heading_anchors = 4
nb_execution_mode = "off"
nb_render_markdown_format = "myst"
# The scripts that make saved widgets live come from another place. What a page shows of a widget is
# the picture that it left.
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
nb_mime_priority_overrides = [("*", WIDGET, None)]

html_theme = "furo"
html_title = "Stateful Functions"
html_static_path = ["static", str(unpacked())]
html_css_files = ["book.css"]
html_js_files = ["mermaid.min.js", "book.js"]
html_copy_source = False
# The summaries of what was found are fetched page by page, which a page opened from a file may not.
html_show_search_summary = False
html_show_sphinx = False
html_show_copyright = False
html_domain_indices = html_use_index = False


class Mermaid(SphinxDirective):
    """A diagram, drawn by the page."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Keep its text as it stands."""
        text = escape("\n".join(self.content))
        return [nodes.raw("", f'<pre class="mermaid">{text}</pre>', format="html")]


def offer(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: object) -> None:
    """Say below a page's title where its lesson runs, on a site that runs lessons."""
    if app.config.runs and "body" in context:
        context["body"] = context["body"].replace("</h1>", f"</h1>{offered(page)}", 1)


def setup(app: Sphinx) -> dict[str, Any]:
    """Add what is ours."""
    app.add_directive("mermaid", Mermaid)
    app.add_config_value("runs", "", "html")
    app.connect("html-page-context", offer)
    return {"parallel_read_safe": True}
