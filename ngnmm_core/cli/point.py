"""`ngnmm point`: one parameter point, simulated and drawn."""

import logging
from pathlib import Path

from ngnmm_core.errors import InputError, unknown
from ngnmm_core.models import get_model, model_names


def add(commands) -> None:
    """Add the command to the parser."""
    point = commands.add_parser(
        "point",
        help="simulate one parameter point and draw it",
        description="Simulates one parameter point, prints what it does, and draws it.",
        epilog="Every parameter of the model is an option, e.g. --I_ext_e 13 --G 5 --Delta 0.8.",
    )
    point.add_argument("--model", default="ei_ngnmm", choices=model_names(), help="default: %(default)s")
    point.add_argument("--connectome", default="hcp-aal2-94", help="a name of the registry or a file; %(default)s")
    point.add_argument("--normalization", default="row", choices=("row", "max", "none"), help="default: %(default)s")
    point.add_argument("--duration_ms", type=float, default=3000.0, help="transient included; default: %(default)g")
    point.add_argument("--transient_ms", type=float, default=1000.0, help="default: %(default)g")
    point.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    point.add_argument("--output", type=Path, default=Path("point.png"), help="figure to write; default: %(default)s")
    point.set_defaults(run=_point)


def _parameters(model_name: str, rest: list[str]) -> dict[str, float]:
    """Parameters from what argparse left over: `--name value` or `--name=value`."""
    from ngnmm_core.study.axes import as_number

    model = get_model(model_name)
    words = [part for word in rest for part in (word.split("=", 1) if word.startswith("--") else [word])]
    if len(words) % 2:
        raise InputError(f"{words[-1]}: no value; allowed: --parameter value")
    parameters = {}
    for option, value in zip(words[::2], words[1::2], strict=True):
        name = option.removeprefix("--")
        if name not in model.axis_names:
            raise unknown(option, name, model.axis_names)
        parameters[name] = as_number(option, value)
    return parameters


def _point(options, rest: list[str]) -> None:
    parameters = _parameters(options.model, rest)
    from ngnmm_core.single_point import run_point

    logging.basicConfig(level=logging.WARNING)
    run_point(
        parameters,
        options.connectome,
        options.output,
        model=options.model,
        normalization=options.normalization,
        seed=options.seed,
        duration_ms=options.duration_ms,
        transient_ms=options.transient_ms,
    )
