"""Errors that a user can mend, each one line: the key or file, the value found, what is allowed."""

import difflib
import warnings
from collections.abc import Iterable
from typing import Any


class InputError(ValueError):
    """Bad input: a key of the study, a file, a label.  The message is one line and says what is allowed.

    Characters of the input that would do something to a terminal, or can't be seen, are written out.
    """

    def __init__(self, message: str):
        super().__init__(visible(message))


def visible(text: str) -> str:
    """Write out what is not printed: line ends, control characters, marks of direction."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def tell_plainly() -> None:
    """Show warnings of the package in one line, without a place in the code: for programs, not for notebooks."""
    usual = warnings.formatwarning

    def in_one_line(message: Any, category: type[Warning], *place: Any) -> str:
        ours = category.__module__.startswith("ngnmm_core.")
        return f"warning: {message}\n" if ours else usual(message, category, *place)

    warnings.formatwarning = in_one_line  # type: ignore[assignment]


def nearest(word: str, known: Iterable[str]) -> str:
    """` (did you mean 'x'?)` for the known word nearest to `word`, or an empty string."""
    by_case: dict[str, str] = {}
    for name in map(str, known):
        by_case.setdefault(name.lower(), name)
    low = str(word).lower()
    match = difflib.get_close_matches(low, by_case, n=1, cutoff=0.6)
    # A word that another one begins with, such as the name of an atlas.
    match = match or [name for name in by_case if len(low) > 2 and name.startswith(low)][:1]
    return f" (did you mean '{by_case[match[0]]}'?)" if match else ""


def twice(items: Iterable[Any]) -> Any:
    """Find the first item that has occurred before; None if there is none."""
    found: list[Any] = []
    for item in items:
        if item in found:
            return item
        found.append(item)
    return None


def unknown(what: str, word: str, known: Iterable[str]) -> InputError:
    """Make an `InputError` for a name that is not among the known ones: it names the near one and lists all."""
    known = [str(k) for k in known]
    return InputError(f"{what}: unknown '{word}'{nearest(word, known)}; allowed: {', '.join(known) or 'none'}")
