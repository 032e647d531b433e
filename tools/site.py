"""Puts the pages of the documentation site together and builds it: `make docs-site`.

Pages that stand elsewhere in the repository (README, keys of a study, changelog) move beside those of `docs/`; links
between them follow.  Files of the repository that are no pages are named, not linked.  Lists of the API and the gallery
are made here; notebooks are run, so that the site has their figures.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "build" / "site"
MOVED = {
    "README.md": "index.md",
    "config/README.md": "configuration.md",
    "CONTRIBUTING.md": "contributing.md",
    "CODE_OF_CONDUCT.md": "code_of_conduct.md",
    "CHANGELOG.md": "changelog.md",
}
API = {
    "In a notebook": [
        "ngnmm_core.api.simulate",
        "ngnmm_core.api.get_connectome",
        "ngnmm_core.dataset.merged_file.open_study",
        "ngnmm_core.plotting.brain_map.brain_map",
    ],
    "Models": ["ngnmm_core.models.get_model", "ngnmm_core.models._base"],
    "Analyses": ["ngnmm_core.analysis.contract", "ngnmm_core.analysis.maps"],
    "Connectomes": ["ngnmm_core.connectome.build.build_connectome", "ngnmm_core.connectome.normalisation"],
    "Dynamics": [
        "ngnmm_core.dynamics.stability_intervals",
        "ngnmm_core.dynamics.dispersion",
        "ngnmm_core.dynamics.equilibria",
        "ngnmm_core.dynamics.continuation.diagram",
        "ngnmm_core.dynamics.continuation.plane",
    ],
    "Studies": ["ngnmm_core.study.load", "ngnmm_core.errors"],
}  # fmt: skip
SEARCH = "iframe-worker.js"  # mkdocs.yml names it
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


def place_of(path: Path) -> Path | None:
    """Where a file of the repository stands in the site; None if it is no part of it."""
    name = path.relative_to(ROOT).as_posix()
    if name in MOVED:
        return Path(MOVED[name])
    return Path(name).relative_to("docs") if name.startswith("docs/") and path.is_file() else None


def with_links(text: str, source: Path) -> str:
    """Return the text of a page with its links as they must be in the site."""
    here = place_of(source).parent

    def follow(match: re.Match) -> str:
        mark, words, target = match.groups()
        path, _, anchor = target.partition("#")
        if not path or "://" in path:
            return match[0]
        place = place_of((source.parent / path).resolve())
        if place is None:
            return words
        relative = os.path.relpath(place, here)
        return f"{mark}[{words}]({relative}{'#' + anchor if anchor else ''})"

    parts = FENCED.split(text)
    return "".join(part if k % 2 else LINK.sub(follow, part) for k, part in enumerate(parts))


def assemble() -> None:
    """Write all pages to `build/site`."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    pages = [*(ROOT / name for name in MOVED), *(p for p in (ROOT / "docs").rglob("*") if p.is_file())]
    for page in pages:
        target = SOURCE / place_of(page)
        target.parent.mkdir(parents=True, exist_ok=True)
        if page.suffix == ".md":
            target.write_text(with_links(page.read_text(encoding="utf-8"), page), encoding="utf-8")
        elif page.suffix == ".ipynb":
            write_executed(page, target)
        elif page.suffix in (".png", ".svg", ".csv"):
            shutil.copy2(page, target)
    (SOURCE / "assets").mkdir(exist_ok=True)
    shutil.copy2(Path(__file__).with_name(SEARCH), SOURCE / "assets" / SEARCH)
    (SOURCE / "api.md").write_text(api_page(), encoding="utf-8")
    (SOURCE / "gallery.md").write_text(gallery_page(), encoding="utf-8")


def write_executed(notebook: Path, target: Path) -> None:
    """Run a notebook in an empty folder and write it with what it shows; NGNMM_NOTEBOOKS=0 leaves it as it is."""
    if os.environ.get("NGNMM_NOTEBOOKS") == "0":
        shutil.copy2(notebook, target)
        return
    import nbformat
    from nbclient import NotebookClient

    content = nbformat.read(notebook, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(content, timeout=900, resources={"metadata": {"path": folder}}).execute()
    for cell in content.cells:
        for output in cell.get("outputs", ()):
            without_bare_tables(output)
    nbformat.write(content, target)


def without_bare_tables(output: dict) -> None:
    """Leave xarray's text and drop its page, whose style the site takes away: both would be shown, one of them bare."""
    shown = output.get("data", {})
    if "xr-wrap" in shown.get("text/html", "") and "text/plain" in shown:
        del shown["text/html"]


def api_page() -> str:
    """Compose the page of the API: modules and functions by topic."""
    parts = ["# API", "Names with their arguments, shapes, units and sources."]
    for title, names in API.items():
        parts += [f"## {title}", *(f"::: {name}\n    options:\n      heading_level: 3" for name in names)]
    return "\n\n".join(parts) + "\n"


def gallery_page() -> str:
    """All pictures of the documentation, each with a link to the pages that explain it."""
    pages = {p: p.read_text(encoding="utf-8") for p in sorted((ROOT / "docs").glob("*.md"))}
    parts = ["# Gallery"]
    for folder in ("figures", "paper", "accuracy", "benchmarks", "validation"):
        for picture in sorted((ROOT / "docs" / folder).glob("*.png")):
            name = f"{folder}/{picture.name}"
            about = [f"[{p.stem.replace('_', ' ')}]({p.name})" for p, text in pages.items() if name in text]
            title = picture.stem.replace("_", " ")
            parts.append(f"## {title}\n\n![{title}]({name})\n\n{', '.join(about)}".rstrip())
    return "\n\n".join(parts) + "\n"


def main() -> int:
    """Assemble and build, and follow all links; return the exit code of what fails, or 0."""
    assemble()
    command = [sys.executable, "-m", "mkdocs", "build", "--clean", "--quiet", *sys.argv[1:]]
    failed = subprocess.run(command, cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}).returncode
    return failed or subprocess.run([sys.executable, str(Path(__file__).with_name("site_links.py"))]).returncode


if __name__ == "__main__":
    sys.exit(main())
