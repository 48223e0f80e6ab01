"""Notebooks made for tests, and what executed ones show."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat import NotebookNode

from workshop.series.runner import run_notebooks

EXERCISE = """\
from workshop.exercises import check
from workshop.exercises.checking import exercise, expect

@exercise("99.1", "Double")
def double(answer):
    for number in (2, 3):
        expect(f"answer({number})", answer(number), 2 * number, "add it to itself.")
    return "It doubles."
"""

_HINT = "<details>\n<summary>Hint</summary>\n\nAdd it.\n\n</details>"
_DIAGRAM = "```mermaid\nflowchart LR\n    names[(names)] --> engine\n```"


def notebook(
    folder: Path, *cells: str, tag: str = "", name: str = "50_made.ipynb", kernel: str = "python3"
) -> Path:
    """Write a notebook with these code cells, the first one tagged."""
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in cells],
        metadata={"kernelspec": {"name": kernel, "display_name": "", "language": "python"}},
    )
    if tag:
        made.cells[0].metadata["tags"] = [tag]
    path = folder / name
    nbformat.write(made, path)
    return path


def lesson(folder: Path, solution: str, name: str = "99_exercise.ipynb") -> Path:
    """Write a notebook with one exercise and this solution."""
    code, markdown = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
    made = nbformat.v4.new_notebook(
        cells=[
            code("start = 1", metadata={"tags": ["parameters"]}),
            code(EXERCISE),
            markdown("### Exercise 1: Double\nMake `double`."),
            code("def double(n):\n    ...", metadata={"tags": ["exercise"]}),
            code('check("99.1", double)', metadata={"tags": ["check"]}),
            markdown("#### Solution", metadata={"jp-MarkdownHeadingCollapsed": True}),
            markdown(f"```python\n{solution}\n```", metadata={"tags": ["solution"]}),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
    )
    path = folder / name
    nbformat.write(made, path)
    return path


def printed(notebook: Path | str) -> str:
    """All text that the cells of an executed notebook printed."""
    cells = nbformat.read(notebook, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return "".join(output.get("text", "") for output in outputs)


def executed_series(project: Path) -> list[Path]:
    """Make a project of two short lessons, execute them, and return the executed copies."""
    folder = project / "notebooks"
    folder.mkdir(parents=True)
    (project / "docs").mkdir()
    (project / "docs" / "guide.md").write_text("# A guide\n\nIt speaks of marmalade.\n")
    first = lesson(folder, "def double(n):\n    return 2 * n", name="01_doubling.ipynb")
    made = nbformat.read(first, as_version=4)
    made.cells[2].source += f"\n\n{_HINT}"
    made.cells.insert(2, _markdown("## Exercises"))
    made.cells[:0] = [_opening("Doubling"), _markdown(_DIAGRAM)]
    made.cells.append(_markdown("## Next\n\n[Halving](02_halving.ipynb)"))
    nbformat.write(made, first)
    second = notebook(folder, "from IPython.display import Markdown", name="02_halving.ipynb")
    made = nbformat.read(second, as_version=4)
    made.cells[:0] = [_opening("Halving"), _markdown("Read [the guide](../docs/guide.md).")]
    made.cells.append(
        nbformat.v4.new_code_cell(f"!echo\nprint('a zeppelin')\nMarkdown({_DIAGRAM!r})")
    )
    nbformat.write(made, second)
    run_notebooks([first, second], output=project / "executed")
    return [project / "executed" / path.name for path in (first, second)]


def _markdown(source: str) -> NotebookNode:
    return nbformat.v4.new_markdown_cell(source)


def _opening(title: str) -> NotebookNode:
    learn = f"**What you'll learn.** {title}.\n\nIt takes about 20 minutes."
    return _markdown(f"# {title}\n\n{learn}")
