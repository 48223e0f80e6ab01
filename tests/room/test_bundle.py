"""The offline bundle: what is in it, and that it sets a machine up where there is no network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.processes import python_for_all, workshop
from tests.room.learners import Learner, neither_notices
from workshop.paths import ROOT
from workshop.room import bundle, wheels
from workshop.stack.java import jars
from workshop.stack.java.jars import JarError, bad_jars, fetch, read_lock

ALONE = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
"""Run what follows in a network of its own, which has a loopback address and no route."""


def wheel(folder: Path, name: str, version: str, *requires: str) -> None:
    """A wheel that holds nothing but what it requires."""
    lines = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {one}" for one in requires)]
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}-{version}.dist-info/METADATA", "\n".join(lines) + "\n")


def test_what_only_the_other_machine_needs_is_missed(tmp_path):
    wheel(
        tmp_path,
        "one",
        "1.0",
        'old; python_version < "3.11"',
        'apple>=2; platform_system == "Darwin"',
        'extra[more]; sys_platform == "linux"',
        'never; extra == "tests"',
    )
    wheel(tmp_path, "extra", "3.0", 'inner<2; extra == "more"', 'other; extra == "less"')
    wheel(tmp_path, "inner", "2.0")

    def absent(python: str, platform: str) -> set[str]:
        return wheels.missing(tmp_path, ["one==1.0"], wheels.environment(python, platform))

    assert absent("3.10", "macosx_14_0_arm64") == {"old", "apple>=2"}
    assert absent("3.12", "manylinux2014_x86_64") == {"inner<2"}
    assert absent("3.10", "manylinux_2_28_aarch64") == {"old", "inner<2"}
    wheel(tmp_path, "inner", "1.5")
    assert absent("3.13", "manylinux2014_x86_64") == set()


@pytest.mark.parametrize(
    ("tag", "system", "machine"),
    [
        ("manylinux2014_x86_64", "Linux", "x86_64"),
        ("manylinux_2_28_aarch64", "Linux", "aarch64"),
        ("macosx_14_0_arm64", "Darwin", "arm64"),
        ("macosx_11_0_x86_64", "Darwin", "x86_64"),
    ],
)
def test_a_platform_is_read_from_its_tag(tag, system, machine):
    there = wheels.environment("3.12", tag)
    assert (there["platform_system"], there["platform_machine"]) == (system, machine)


def test_wheels_for_an_older_linux_fit_a_newer_one():
    assert wheels.accepted("macosx_14_0_arm64") == ["macosx_14_0_arm64"]
    tags = wheels.accepted("manylinux_2_18_x86_64")
    assert tags[:3] == [f"manylinux{one}_x86_64" for one in ("_2_18", "_2_17", "2014")]
    assert tags[-2:] == ["manylinux_2_5_x86_64", "manylinux1_x86_64"]
    assert wheels.accepted("manylinux2014_x86_64") == tags[1:]


def test_the_bundle_brings_what_is_built_with():
    tools = wheels._build_tools()
    assert [tool.partition("==")[0] for tool in tools] == ["setuptools", "hatchling"]


def test_a_platform_that_nobody_has_is_refused_in_one_sentence(tmp_path):
    done = workshop(
        *("bundle", "--platform", "manylinux_2_28_abacus", "--output", str(tmp_path / "x.tar")),
        # No wheel has that tag, so the answer is the same without a network.
        env={**os.environ, "PIP_NO_INDEX": "1"},
    )
    assert done.returncode == 1
    assert "pip could not fetch the wheels." in done.stderr
    assert "--platform manylinux_2_28_x86_64" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_repository_goes_along_without_what_was_made_from_it(tmp_path):
    for path in ("notebooks/.ipynb_checkpoints/a", "workshop/__pycache__/b", ".venv/c", "build/d"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    (tmp_path / "notebooks" / "mine.ipynb").touch()
    shutil.copy(ROOT / ".gitignore", tmp_path)
    found = [str(path.relative_to(tmp_path)) for path in bundle.repository_files(tmp_path)]
    assert found == [".gitignore", "notebooks/mine.ipynb"]


def test_what_git_has_is_what_goes_along():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is no git checkout")
    taken = {str(path.relative_to(ROOT)) for path in bundle.repository_files(ROOT)}
    assert {name for name in listed.stdout.splitlines() if (ROOT / name).exists()} <= taken


def test_bundled_jars_are_used_where_they_lie_and_only_as_pinned(tmp_path, monkeypatch):
    two = sorted(read_lock(), key=lambda jar: jar.size)[:2]
    (tmp_path / "jars").mkdir()
    for jar in two:
        shutil.copy(jar.path, tmp_path / "jars")
    monkeypatch.setattr(jars, "BUNDLED", tmp_path / "jars")
    monkeypatch.setenv("WORKSHOP_CACHE", str(tmp_path / "cache"))
    assert not set(two) & set(bad_jars())
    assert {jar.path.parent for jar in two} == {tmp_path / "jars"}
    two[0].path.write_bytes(b"altered")
    assert two[0] in bad_jars()
    with pytest.raises(JarError, match="unpack the bundle again"):
        fetch(two[:1])
    assert not (tmp_path / "cache" / "jars" / two[0].path.name).exists()


def test_make_refuses_another_python_than_the_bundle_is_for(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in (
        "requirements.txt",
        "requirements-dev.txt",
        "requirements-fast.txt",
        "requirements-3x.txt",
    ):
        shutil.copy(ROOT / name, tmp_path)
    settings = ("jupyter-overrides.json", "jupyter-config.py", "ipython-config.py")
    for name in ("pyproject.toml", *settings):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "offline").mkdir()
    (tmp_path / "offline" / "python").write_text("3.9\n")
    command = ["make", "setup", f"PYTHON={sys.executable}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode
    assert "This bundle is for Python 3.9. Specify it: make PYTHON=python3.9" in done.stdout
    assert not (tmp_path / ".venv").exists()


heavy = pytest.mark.skipif(
    os.environ.get("WORKSHOP_BUNDLE") != "1", reason="it takes minutes: make test-bundle"
)


@pytest.fixture(scope="module")
def unpacked(stacks, kernels, for_all) -> Path:
    """The repository as it comes out of a bundle for a machine like this one."""
    archive = for_all / "bundle.tar"
    command = [sys.executable, "-m", "workshop", "bundle", "--output", str(archive)]
    made = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert made.returncode == 0, made.stderr
    with tarfile.open(archive) as tar:
        tar.extractall(for_all, filter="data")
    archive.unlink()
    # As a learner's folder may be called.
    return (for_all / bundle.NAME).rename(for_all / "Mein Kurs (ü) & 50% @home's +")


def alone(folder: Path, script: str) -> str:
    """Run a script in ``folder`` where there is no network; return what it printed."""
    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    done = subprocess.run(
        [*ALONE, "sh", "-euc", script],
        cwd=folder,
        # Nothing of this machine's: no cache of pip's or of jars, no setting, no environment.
        env={"PATH": os.environ["PATH"], "HOME": str(home), "PYTHON": python_for_all()},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def set_up(unpacked) -> Path:
    """The same folder after ``make setup`` without a network."""
    if subprocess.run([*ALONE, "true"], capture_output=True).returncode:
        pytest.skip("only root on Linux can make a network without routes")
    unreachable = "import socket; socket.create_connection(('192.0.2.1', 80), 3)"
    assert "unreachable" in alone(unpacked, f'"$PYTHON" -c "{unreachable}" 2>&1 || true')
    # As root may set a machine up for all: with a umask, and settings for other environments.
    alone(unpacked, 'umask 077; PIP_USER=1 PYTHONPATH=/nowhere make setup PYTHON="$PYTHON"')
    return unpacked


@heavy
@pytest.mark.timeout(1500)
def test_a_machine_without_a_network_is_set_up_and_greets(set_up):
    # In one network for all of it: outside of it nobody reaches the ports.
    told = alone(
        set_up,
        ". .venv/bin/activate; python -m workshop doctor; python -m workshop up; "
        "python -m workshop greet Ada Ada; python -m workshop down --forget; "
        "python -m workshop run notebooks/08_the_real_stack.ipynb",
    )
    assert "✗" not in told
    assert "Welcome Ada\nNice to see you again Ada\n" in told
    assert "Stack default is down." in told
    # The jars are used where they lie.
    assert not list((set_up.parent / "home").rglob("*.jar"))


@heavy
@pytest.mark.timeout(900)
@pytest.mark.skipif(os.getuid() != 0, reason="only root can act as two other users")
def test_two_logins_share_one_copy_and_meet_nowhere(set_up):
    python = set_up / ".venv" / "bin" / "python"
    homes = set_up.parent
    try_it = subprocess.run([python, "-c", "import workshop"], user=65001, capture_output=True)
    if try_it.returncode:
        pytest.skip("there is no Python that other logins may run")
    ada, grace = Learner(homes / "ada", python, 65001), Learner(homes / "grace", python, 65002)
    try:
        neither_notices(ada, grace)
        pid, url, _ = ada.ask("parts")["jobmanager"]
        assert grace.ask("try_to", "kill", pid) == "PermissionError"
        runs = str(homes / "ada" / ".local" / "state" / "statefun-workshop")
        assert ada.ask("try_to", "list", runs) == "did it"
        assert grace.ask("try_to", "list", runs) == "PermissionError"
        assert grace.ask("try_to", "read", url) == "ConnectionError"
    finally:
        ada.leave()
        grace.leave()
    assert not list(homes.rglob("*/default/control"))
