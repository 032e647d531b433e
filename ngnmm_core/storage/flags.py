"""Codes of results, such as statuses and regimes: each set stands once, with its names and its CF meanings."""


class Flags:
    """Values of a flag variable: whole numbers from 0 up; the meaning of each is its name in small letters.

    -1 stands for what is not defined or not there.

    Raises
    ------
    TypeError
        When a set is declared whose values are not 0, 1, 2, ... in this order.
    """

    def __init_subclass__(cls) -> None:
        values = list(cls.values().values())
        if values != list(range(len(values))):
            raise TypeError(f"{cls.__name__}: the values are {values}; allowed: 0, 1, 2, ...")

    @classmethod
    def values(cls) -> dict[str, int]:
        """Collect the values by name, those of a set that this one extends first."""
        found: dict[str, int] = {}
        for one in reversed(cls.__mro__):
            found |= {name: value for name, value in vars(one).items() if name.isupper()}
        return found

    @classmethod
    def meanings(cls) -> tuple[str, ...]:
        """Their meanings in the order of the values, as CF wants them."""
        return tuple(name.lower() for name in cls.values())


class Status(Flags):
    """The outcome of a job or an analysis at a point; analyses extend it by their own, from 2 up."""

    OK, DIVERGED = 0, 1
