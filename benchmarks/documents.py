"""Parts of documents that scripts write: what stands between two marks, and tables in Markdown."""

import datetime
import os
import platform
import re
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def replace_part(path: Path, name: str, text: str) -> None:
    """Puts `text` between `<!-- name -->` and `<!-- end of name -->` of a document, which must hold both marks."""
    document = path.read_text(encoding="utf-8")
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    if not pattern.search(document):
        raise ValueError(f"{path}: no part {name}; allowed: a document with '<!-- {name} -->'")
    path.write_text(pattern.sub(lambda m: f"{m[1]}{text.strip()}\n{m[2]}", document), encoding="utf-8")


def table(header, rows) -> str:
    """A Markdown table; the first column to the left, the others to the right."""
    lines = ["| " + " | ".join(header) + " |", "| --- |" + " ---: |" * (len(header) - 1)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def machine() -> dict[str, str]:
    """What the numbers depend on, without names of hosts or folders."""
    name = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), name)
    return {
        "date": datetime.date.today().isoformat(),
        "processor": f"{name}, {os.cpu_count()} cores",
        "load": f"{os.getloadavg()[0]:.1f} processes wanted to run when the run began",
    }
