"""What ``make`` does whatever the caller has set, wherever the checkout lies."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from workshop.paths import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def made(folder: Path, recipe: str, umask: int = 0o022, **variables: str) -> str:
    """What a recipe of the Makefile prints that is made in ``folder``."""
    shutil.copy(ROOT / "Makefile", folder)
    done = subprocess.run(
        ["make", "--silent", f"--eval=asked: ; @{recipe}", "asked"],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        encoding="utf-8",
        umask=umask,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_pip_is_told_only_where_packages_come_from(tmp_path):
    kept = {
        "PIP_INDEX_URL": "https://index",
        "PIP_EXTRA_INDEX_URL": "https://other",
        "PIP_TRUSTED_HOST": "index",
        "PIP_CERT": "/a/file",
        "PIP_CONFIG_FILE": "/a/pip.conf",
        "HTTPS_PROXY": "http://proxy",
    }
    dropped = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_NO_DEPS", "PIP_DRY_RUN")
    dropped += ("PIP_CONSTRAINT", "PIP_REQUIRE_VIRTUALENV", "PIP_NO_BINARY", "PIP_IGNORE_INSTALLED")
    dropped += ("PYTHONPATH", "PYTHONHOME", "PYTHONSAFEPATH", "PYTHONWARNINGS")
    printed = made(tmp_path, "env", PIP_USER="1", **kept, **dict.fromkeys(dropped, "1"))
    seen = dict(line.split("=", 1) for line in printed.splitlines() if "=" in line)
    assert kept.items() <= seen.items()
    assert not set(dropped) & set(seen)
    # It outdoes what pip.conf may say.
    assert seen["PIP_USER"] == "0"


@pytest.mark.parametrize(("mode", "umask"), [(0o755, "0022"), (0o700, "0077")])
def test_who_may_read_the_checkout_may_read_what_is_made_in_it(tmp_path, mode, umask):
    tmp_path.chmod(mode)
    assert made(tmp_path, "$(SHARED) umask", umask=0o077).strip() == umask
    setting_up = MAKEFILE.partition("\n$(READY): ")[2].replace("\\\n", "")
    for making in ("-m venv", "$(PIP)", "mkdir", "touch"):
        lines = [line for line in setting_up.splitlines() if making in line]
        assert lines and all(line.startswith("\t@$(SHARED) ") for line in lines)


def test_a_colon_in_the_path_is_named_before_anything_is_made(tmp_path):
    folder = tmp_path / "12:30"
    folder.mkdir()
    for name in (
        "Makefile",
        "pyproject.toml",
        *re.findall(r"(?:requirements|jupyter|ipython)\S+", needs()),
    ):
        shutil.copy(ROOT / name, folder)
    before = sorted(folder.iterdir())
    # A make that is called by another one tells the folder it enters, unless told not to.
    command = ["make", "--no-print-directory", "setup", f"PYTHON={sys.executable}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode
    (sentence,) = done.stdout.splitlines()
    assert sentence.startswith(f"There is a colon in {folder}, ") and "Rename it" in sentence
    assert sorted(folder.iterdir()) == before


def needs() -> str:
    """What the environment depends on, as the Makefile has it."""
    return MAKEFILE.partition("\n$(READY): ")[2].replace("\\\n", "").splitlines()[0]


def test_nothing_in_the_makefile_breaks_at_a_space_or_calls_a_script_of_the_environment():
    assert "$(abspath" not in MAKEFILE and "$(CURDIR)" not in MAKEFILE
    assert not re.search(r"\$\(BIN\)|\.venv/bin/", MAKEFILE)
    assert set(re.findall(r"\$\(VENV\)/bin/(\S+)", MAKEFILE)) == {"python"}
