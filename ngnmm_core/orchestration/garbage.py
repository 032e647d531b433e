"""How often Python looks for objects that hold each other and that nothing else needs.

By default it looks after every 700 new ones, and through all that there is now and then.  Compiling a kernel makes
millions of objects, most of which stay: looking takes a twelfth of that time, more where much else is in memory, and
finds next to nothing.
"""

import gc

NEW_OBJECTS, ROUNDS = 50_000, (20, 50)


def look_seldom() -> None:
    """Look after every 50,000 new objects, in this process, unless looking has been switched off or made rarer."""
    first, *_ = gc.get_threshold()
    if 0 < first < NEW_OBJECTS:
        gc.set_threshold(NEW_OBJECTS, *ROUNDS)
