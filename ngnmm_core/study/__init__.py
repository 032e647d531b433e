"""What is asked: the keys of a study, their checks, defaults and documentation, and the axes that a grid may have."""
