"""Mermaid, which draws the diagrams: taken from its jar, so that pages load it from beside them."""

from __future__ import annotations

import zipfile
from pathlib import Path

from workshop.paths import cache_folder
from workshop.stack.java.jars import Jar, fetch_with_progress

NAME = "mermaid.min.js"
# Only the book needs it, so it is not among the jars that everybody fetches.
JAR = Jar(
    "org.webjars.npm:mermaid:11.14.0",
    frozenset({"book"}),
    16257239,
    "fcc17f377c0f657513a66735d41a3095cad37e8059d80e2d80d39f91458cfbed",
)


def unpacked() -> Path:
    """Return a folder with nothing but the script in it; the jar is fetched if it is missing."""
    if not JAR.is_good():
        fetch_with_progress([JAR])
    version = JAR.coordinate.rpartition(":")[2]
    script = cache_folder() / f"mermaid-{version}" / NAME
    script.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(JAR.path) as jar:
        place = f"META-INF/resources/webjars/mermaid/{version}/dist/{NAME}"
        script.write_bytes(jar.read(place))
    return script.parent
