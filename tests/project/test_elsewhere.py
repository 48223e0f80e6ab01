"""Binder, development containers and links to a hub: they say nothing that is said elsewhere."""

from __future__ import annotations

import json
import os
import re
from urllib.parse import parse_qs, urlsplit

from packaging.specifiers import SpecifierSet

from workshop.paths import ROOT

BINDER = ROOT / ".binder"
MAKEFILE = (ROOT / "Makefile").read_text()


def python_of_binder() -> str:
    return (BINDER / "runtime.txt").read_text().strip().removeprefix("python-")


def test_no_version_of_a_package_is_said_again():
    lines = (BINDER / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["-r ../requirements.txt"]
    for file in (*BINDER.iterdir(), *(ROOT / ".devcontainer").iterdir()):
        assert "==" not in file.read_text(), file


def test_the_second_step_is_that_of_make():
    (step,) = re.findall(r"\$\(PIP\) (--no-deps -e .+?) &&", MAKEFILE)
    (kernel,) = re.findall(r"\$\(PIP\) (.+ --target \$\(KERNEL_3\)/sdk .+?) \|\|", MAKEFILE)
    steps = re.findall(r"pip install --quiet (.+)", (BINDER / "postBuild").read_text())
    assert steps == [step, kernel.replace("$(KERNEL_3)/sdk", '"$kernel/sdk"')]
    own = ("jupyter-overrides.json", "jupyter-config.py", "ipython-config.py")
    for copied in (*own, "statefun-3-kernel/*"):
        assert f"cp {copied} " in MAKEFILE and f"cp {copied} " in (BINDER / "postBuild").read_text()
    (fetch,) = re.findall(r"@.*\$\(IN_VENV\) (workshop fetch)", MAKEFILE)
    assert f"python -m {fetch}" in (BINDER / "postBuild").read_text()


def test_python_is_one_that_the_series_runs_on():
    (asked,) = re.findall(r'^requires-python = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.M)
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert container["image"].rpartition(":")[2] == python_of_binder()
    assert SpecifierSet(asked).contains(python_of_binder())


def test_scripts_can_be_executed_and_are_bash():
    for name in ("postBuild", "start"):
        assert os.access(BINDER / name, os.X_OK)
        assert (BINDER / name).read_text().startswith("#!/usr/bin/env bash\n")


def test_the_container_calls_a_target_of_make():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    target = container["postCreateCommand"].removeprefix("make ")
    assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)


def test_the_links_open_a_lesson_that_there_is():
    strings = (ROOT / "docs" / "room.md").read_text(), (ROOT / "README.md").read_text()
    links = re.findall(r"^`?(https://[^`\s]+)`?$", "\n".join(strings), re.MULTILINE)
    assert len(links) == 3
    for link in links:
        values = parse_qs(urlsplit(link).query)
        (path,) = values["urlpath"]
        assert "HUB" in link or "/OWNER/REPO/" in link
        (notebook,) = re.findall(r"notebooks/.+", path)
        assert (ROOT / notebook).is_file()
