"""Notebooks made for tests, and what executed ones show."""

from __future__ import annotations

from pathlib import Path

import nbformat

EXERCISE = """\
from workshop.exercises import check
from workshop.exercises.checking import exercise, expect

@exercise("99.1", "Double")
def double(answer):
    for number in (2, 3):
        expect(f"answer({number})", answer(number), 2 * number, "add it to itself.")
    return "It doubles."
"""


def notebook(folder: Path, *cells: str, tag: str = "", name: str = "50_made.ipynb") -> Path:
    """Write a notebook with these code cells, the first one tagged."""
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
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
