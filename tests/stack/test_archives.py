"""What Java is prepared with once, so that it starts quickly: our own classes, and archives."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from tests.processes import ALL_MAPPED, mapped_archives
from workshop.stack.folders import RunFolder
from workshop.stack.java import archives, compiled
from workshop.stack.java.jars import link_jars, read_lock


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """A cache with the jars of the real one, and nothing made from them."""
    sources = [jar.path for jar in read_lock()]
    cache = tmp_path / "cache"
    (cache / "jars").mkdir(parents=True)
    for source in sources:
        shutil.copy2(source, cache / "jars")
    monkeypatch.setenv("WORKSHOP_CACHE", str(cache))
    return cache


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not tell what is mapped")
def test_every_java_process_maps_its_archive(stack):
    assert mapped_archives(stack) == ALL_MAPPED


@pytest.mark.usefixtures("stacks")  # It keeps both cores busy as long as a start does.
def test_a_cache_that_is_new_is_prepared_once(own_cache, tmp_path, capfd):
    archives.prepare()
    assert "Preparing Java" in capfd.readouterr().out
    made = sorted(path.name for path in own_cache.glob("java/*/*"))
    assert made == ["broker.jsa", "engine.jsa", compiled.NAME]
    assert not list(own_cache.glob("java/*/.*"))
    archives.prepare()
    assert capfd.readouterr().out == ""

    folder = RunFolder(tmp_path / "run")
    folder.make()
    link_jars(folder)
    archives.link_products(folder)
    assert archives.options(folder, "engine") == ["-XX:SharedArchiveFile=jars/engine.jsa"]

    # Java would not use an archive of other jars: then there is none.
    touched = next(jar.path for jar in read_lock() if "engine" in jar.sets)
    os.utime(touched, (1, 1))
    archives.link_products(folder)
    assert archives.options(folder, "engine") == []
    assert archives.options(folder, "broker") == ["-XX:SharedArchiveFile=jars/broker.jsa"]


def test_sources_that_do_not_compile_are_told_with_what_the_compiler_says(
    own_cache, tmp_path, monkeypatch
):
    (tmp_path / "java").mkdir()
    (tmp_path / "java" / "Wrong.java").write_text("class Wrong { int one = true; }")
    monkeypatch.setattr(compiled, "SOURCES", tmp_path / "java")
    with pytest.raises(compiled.NotMade, match="Java could not prepare(?s:.*)Type mismatch"):
        compiled.compiled()
    assert not list(own_cache.glob(f"java/*/{compiled.NAME}"))


def test_the_lists_of_classes_name_what_each_program_runs():
    for program, main in (("broker", "kafka/Kafka"), ("engine", "workshop/Main")):
        listed = (archives.CLASSES / program).read_text(encoding="utf-8").splitlines()
        assert {main, "workshop/Listener", "java/lang/Object"} <= set(listed)
        assert listed == sorted(set(listed))
