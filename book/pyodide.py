"""Pyodide, which is Python for a browser: its package is fetched once from the registry of npm."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import requests

from workshop.errors import WorkshopError
from workshop.paths import cache_folder, make_folder

VERSION = "314.0.6"
SHA256 = "d78ac549b28a2a58600cd06f44e017024151775f8c6b2d73fab1475400d38ea2"
FILES = "pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip"
"""What a page loads of it."""


def copy_to(folder: Path) -> dict[str, Any]:
    """Copy Pyodide's files into a folder; return what its list of packages says of itself."""
    with tarfile.open(fileobj=io.BytesIO(_package())) as package:
        for name in (*FILES, "pyodide-lock.json"):
            member = package.extractfile(f"package/{name}")
            assert member is not None
            (folder / name).write_bytes(member.read())
    info: dict[str, Any] = json.loads((folder / "pyodide-lock.json").read_bytes())["info"]
    return info


def _package() -> bytes:
    """The package, from the cache or from the registry."""
    name = f"pyodide-{VERSION}.tgz"
    kept = make_folder(cache_folder() / "pyodide", "WORKSHOP_CACHE") / name
    if kept.is_file() and _is_good(kept.read_bytes()):
        return kept.read_bytes()
    address = f"{_registry()}/pyodide/-/{name}"
    print(f"Fetching {address}", flush=True)
    hint = "look at the network, or name a registry: export npm_config_registry=https://…"
    try:
        answer = requests.get(address, timeout=300)
        answer.raise_for_status()
    except requests.RequestException as error:
        raise WorkshopError(f"Pyodide cannot be fetched: {error}", hint=hint) from error
    if not _is_good(answer.content):
        raise WorkshopError(f"{address} is not the file that is expected there.", hint=hint)
    partial = kept.with_suffix(f".{os.getpid()}")
    partial.write_bytes(answer.content)
    partial.replace(kept)
    return answer.content


def _is_good(package: bytes) -> bool:
    return hashlib.sha256(package).hexdigest() == SHA256


def _registry() -> str:
    """The registry that this login uses: npm knows, where it is installed."""
    # Either way of writing is npm's.
    settings = {name.lower(): value for name, value in os.environ.items()}
    named = settings.get("npm_config_registry", "")
    if not named and shutil.which("npm"):
        asked = ["npm", "config", "get", "registry"]
        named = subprocess.run(
            asked, capture_output=True, encoding="utf-8", check=False
        ).stdout.strip()
    return (named if named.startswith("http") else "https://registry.npmjs.org").rstrip("/")
