"""The code blocks of the documentation: where they stand, in which language, and what each command stands for."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Commands that take long: run by `make docs-check` alone, here only looked at by Snakemake.  With their minutes on two
# quiet cores.
LONG = {
    "ngnmm run seizure": 2,
    "ngnmm run working_memory": 4,
    "ngnmm run repertoire_quick": 4,
    "ngnmm run paper_quick": 6,
    "ngnmm run recordings_quick": 2,
    "ngnmm run gradient": 1,
    "make run": 3,
    "ngnmm run first.yaml": 2,
    "python -m pytest tests/validation": 1,
    "python docs/validation/spiking_population.py": 1,
}
# What changes the machine or the shell itself, and is done by `make env` or by the user.
ASIDE = ("source", "conda", "pip", "git", "cd", "pre-commit", "apptainer", "podman", "sbatch", "eval", "module")


@dataclass(frozen=True)
class Block:
    """A fenced block of a document, with the line that it begins in."""

    document: str
    line: int
    language: str
    text: str

    @property
    def commands(self) -> list[str]:
        """The commands of a block of a shell, without comments."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [command for line in lines if (command := line.partition(" #")[0].strip()) and command[0] != "#"]

    def __str__(self):
        return f"{self.document}:{self.line}"


def documents() -> list[Path]:
    """All pages of documentation."""
    pages = [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "config" / "README.md",
        *(ROOT / "docs").rglob("*.md"),
    ]
    return sorted(page for page in pages if page.is_file())


def blocks(*languages: str) -> list[Block]:
    """All fenced blocks in one of the languages; without languages, all."""
    found = []
    for page in documents():
        text = page.read_text(encoding="utf-8")
        for match in FENCE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.append(Block(str(page.relative_to(ROOT)), line, match[1], match[2]))
    return [block for block in found if not languages or block.language in languages]


def is_long(command: str) -> bool:
    """Whether a command is one of the long ones, whatever its number of cores."""
    words = [word for word in shlex.split(command) if "=" not in word]
    return any(set(long.split()) <= set(words) for long in LONG)
