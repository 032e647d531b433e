"""Where the workflow's own files are: in a checkout beside the package, else in the installed package."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
SHARE = PACKAGE / "share"  # where a wheel puts what a checkout has at its root (pyproject.toml)


def workflow_folder() -> Path:
    """Locate the folder with the `Snakefile`, `workflow/`, `config/` and `profiles/` that belong to this package."""
    return SHARE if (SHARE / "Snakefile").is_file() else PACKAGE.parent
