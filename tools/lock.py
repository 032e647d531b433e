"""Makes the lock files and environment.yml from pyproject.toml.  For developers: `make lock` (needs uv).

requirements.lock holds what a run needs, requirements-dev.lock also what tests need, requirements-docs.lock what the
documentation and the notebooks need: with hashes for every supported Python and platform, and without the address of
any index.  environment.yml names the direct dependencies of a run at the same versions, for conda.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Versions that conda-forge does not carry under that name are held back to the newest that both carry.
HELD_BACK = ["netcdf4==1.7.4"]
BUILD = ["hatchling>=1.27", "editables>=0.5"]  # builds the package itself, offline, into the environment
CONDA_NAMES = {"snakemake": "snakemake-minimal"}


def direct_dependencies(*extras: str) -> list[str]:
    """List requirements that pyproject.toml names, with those of the given extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *(project["optional-dependencies"][extra] for extra in extras)]
    return [requirement for group in groups for requirement in group]


def name_of(requirement: str) -> str:
    """Extract the normalised name in a requirement."""
    return re.match(r"[A-Za-z0-9_.-]+", requirement)[0].lower().replace("_", "-")


def locked_versions(lock: Path) -> dict[str, str]:
    """Versions in a lock file by package; one version per package, or the lock is of no use for conda."""
    versions: dict[str, str] = {}
    for name, version in re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)", lock.read_text(), re.MULTILINE):
        if versions.setdefault(name.lower(), version) != version:
            versions[name.lower()] = f"{versions[name.lower()]} or {version}"
    return versions


def compile_lock(extras: tuple[str, ...], output: Path, *options: str) -> None:
    """Resolve requirements for every supported Python and platform at once."""
    requirements = "\n".join([*direct_dependencies(*extras), *HELD_BACK, *BUILD])
    command = [
        "uv", "pip", "compile", "-", "--universal", "--generate-hashes", "--no-header", "--no-annotate", "--quiet",
        "--python-version", "3.11", "--fork-strategy", "fewest", "--output-file", str(output),
    ]  # fmt: skip
    subprocess.run([*command, *options, *sys.argv[1:]], input=requirements, text=True, check=True, cwd=ROOT)


def environment(versions: dict[str, str]) -> str:
    """Compose the text of environment.yml."""
    names = sorted({name_of(r) for r in direct_dependencies("slurm")})
    lines = [f"  - {CONDA_NAMES.get(name, name)}={versions[name]}" for name in names]
    return "\n".join([
        "# Direct dependencies for conda users, at the versions of requirements.lock (made by `make lock`).",
        "name: ng-nmm",
        "channels:",
        "  - conda-forge",
        "  - bioconda",
        "  - nodefaults",
        "dependencies:",
        "  - python>=3.11",
        *lines,
        "",
    ])  # fmt: skip


def main() -> None:
    """Write the lock files and environment.yml."""
    run, constraint = ("slurm",), ("--constraint", "requirements.lock")
    compile_lock(run, ROOT / "requirements.lock")
    compile_lock((*run, "dev", "neuroimaging"), ROOT / "requirements-dev.lock", *constraint)
    compile_lock((*run, "docs", "notebook", "viz"), ROOT / "requirements-docs.lock", *constraint)
    (ROOT / "environment.yml").write_text(environment(locked_versions(ROOT / "requirements.lock")))


if __name__ == "__main__":
    main()
