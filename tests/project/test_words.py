"""Words that the series avoids, since a native speaker would not say it so."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from workshop.paths import ROOT

AVOIDED = {
    r"mend(s|ed|ing)?": "fix",
    "anew": "again, start over, restart",
    "shall": "should",
    "cannot bear": "cannot handle",
    "come to count": "count",
    "will not have happened": "may be rolled back",
    "meant so": "meant",
    "engine's double": "simulated engine",
    "typing (mistake|error)s?": "typo",
    "half-way": "halfway",
    "opens TLS": "intercepts TLS",
    "keep book": "keep track",
    "go on working": "keep working",
}
SUFFIXES = {".ipynb", ".java", ".js", ".md", ".py", ".toml", ".yml"}


def files() -> list[Path]:
    """What is written here, but for this list of words."""
    told = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
    )
    # A copy without git: then nobody is going to commit.
    paths = [ROOT / line for line in told.stdout.splitlines()]
    return [path for path in paths if path.suffix in SUFFIXES and path.name != Path(__file__).name]


def test_words_that_nobody_would_say_are_avoided():
    words = re.compile(rf"\b({'|'.join(AVOIDED)})\b", re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for path in files()
        if path.is_file()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for match in words.finditer(line)
    ]
    assert found == []
