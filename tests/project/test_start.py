"""What a start of JupyterLab, or of a run of the lessons, does not wait for."""

import subprocess
import sys


def test_who_reads_notebooks_compiles_no_grammars():
    code = "import nbformat, papermill, sys; print(sorted({'lark', 'rfc3987_syntax'} & {*sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
