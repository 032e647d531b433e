"""The notebooks of the documentation run from top to bottom, each in an empty folder."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import xarray as xr

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


def code_of(notebook: Path) -> str:
    """The code cells of a notebook, one after the other."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def test_there_are_five():
    assert len(NOTEBOOKS) == 5
    assert all(len(code_of(notebook)) > 500 for notebook in NOTEBOOKS)


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(notebook, tmp_path):
    environment = os.environ | {"MPLBACKEND": "agg", "PYTHONPATH": str(ROOT)}
    (tmp_path / "notebook.py").write_text(code_of(notebook), encoding="utf-8")
    command = [sys.executable, "notebook.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr


def test_the_site_shows_a_dataset_once_as_text():
    """The page that xarray makes of a dataset has no style within the site; tables of pandas and figures stay."""
    spec = importlib.util.spec_from_file_location("site_tool", ROOT / "tools" / "site.py")
    site = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(site)
    dataset = xr.Dataset({"a": ("x", [1.0, 2.0])})
    outputs = [
        {"data": {"text/html": dataset._repr_html_(), "text/plain": repr(dataset)}},
        {"data": {"text/html": "<table></table>", "text/plain": "a table"}},
        {"data": {"image/png": "..."}},
        {"name": "stdout", "text": "a line"},
    ]
    for output in outputs:
        site.without_bare_tables(output)
    assert [list(output.get("data", {})) for output in outputs] == [
        ["text/plain"],
        ["text/html", "text/plain"],
        ["image/png"],
        [],
    ]
    assert outputs[0]["data"]["text/plain"] == repr(dataset)
