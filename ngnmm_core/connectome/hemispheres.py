"""Hemispheres of regions, from words that say them and from the names of regions."""

import re
from collections.abc import Iterable, Sequence

from ngnmm_core.errors import InputError

# Truth values and numbers are those of The Virtual Brain: 1 is right.
LEFT = {"l", "lh", "left", "0", "false", "l.", "lhs"}
RIGHT = {"r", "rh", "right", "1", "true", "r.", "rhs"}
NEITHER = {"", "nan", "n/a", "na", "none", "-", "b", "m", "both", "bilateral", "midline", "medial"}

_WORDS = {"left": "L", "right": "R", "lh": "L", "rh": "R"}
_LETTERS = {"l": "L", "r": "R"}
# Ways to say the side at either end of a name, without a mark between, longest first.
_ENDS = (("left", "right"), ("lh", "rh"), ("l", "r"))


def sides(values: Iterable, what: str) -> list[str]:
    """`L`, `R` or an empty string for every word or number that says a side.

    Raises
    ------
    InputError
        For any other word, such as 2 where 1 and 2 are used.
    """
    result = []
    for value in values:
        word = str(value).strip().lower()
        word = word.removesuffix(".0") if word in ("0.0", "1.0") else word
        if word not in LEFT | RIGHT | NEITHER:
            raise InputError(
                f"{what}: hemisphere '{value}'; allowed: L, R, left, right, lh, rh, or 0 (left) and 1 (right)"
            )
        result.append("L" if word in LEFT else "R" if word in RIGHT else "")
    return result


def infer_hemisphere(labels: Sequence[str]) -> list[str] | None:
    """`L`, `R` or an empty string per region, from names such as Insula_L, L.IN, lh-insula, ctx-rh-cuneus, Lthal.

    A name may say its side by a word (left, rh), by a letter of its own (SFG_L_7_1, r_x, x (L)), or by how it begins or
    ends if another region is called the same with the other side (Lthal beside Rthal).

    None unless at least half of the names say a side, with both sides among them.
    """
    found = [_side_in_words(label) for label in labels]
    known = {label.lower() for label in labels}
    found = [side or _side_by_partner(label.lower(), known) for side, label in zip(found, labels, strict=True)]
    return found if {"L", "R"} <= set(found) and 2 * sum(map(bool, found)) >= len(found) else None


def _side_in_words(label: str) -> str:
    """Read the side from a word, or a letter between marks, in a name; empty if there is none, or both."""
    parts = [part for part in re.split(r"[^0-9A-Za-z]+", label) if part]
    words = [
        *parts,
        *re.findall(
            r"(?<![A-Za-z])[Ll]eft(?=[A-Z])|(?<![A-Za-z])[Rr]ight(?=[A-Z])|(?<=[a-z])Left$|(?<=[a-z])Right$", label
        ),
    ]
    said = {_WORDS[word.lower()] for word in words if word.lower() in _WORDS}
    if said:
        return said.pop() if len(said) == 1 else ""
    if len(parts) < 2:
        return ""
    # The last part says it before the first, and both before those between, which may number a subdivision.
    for part in (parts[-1], parts[0], *parts[1:-1]):
        if part.lower() in _LETTERS:
            return _LETTERS[part.lower()]
    return ""


def _side_by_partner(label: str, known: set[str]) -> str:
    """Infer the side from either end of a name, if the same name with the other side is there."""
    for left, right in _ENDS:
        for this, other, side in ((left, right, "L"), (right, left, "R")):
            rest = len(this)
            if len(label) > rest and label.startswith(this) and other + label[rest:] in known:
                return side
            if len(label) > rest and label.endswith(this) and label[:-rest] + other in known:
                return side
    return ""
