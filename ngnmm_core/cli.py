"""The command line of the package; numbers come from the same code as those of the workflow."""

import argparse
import logging
from pathlib import Path

from ngnmm_core.errors import InputError, tell_plainly, unknown
from ngnmm_core.models import get_model, model_names


def main(arguments: list[str] | None = None) -> int:
    """Runs a command; returns its exit code."""
    tell_plainly()
    parser = argparse.ArgumentParser(prog="python -m ngnmm_core", description="Next-generation neural mass models.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_point(commands)
    models = commands.add_parser("models", help="list the models and their parameters")
    models.set_defaults(run=_models)
    check = commands.add_parser("check", help="check a study file without running it")
    check.add_argument("study", type=Path, help="YAML file")
    check.set_defaults(run=_check)
    measure = commands.add_parser("calibrate", help="measure how fast this machine computes a study's points")
    measure.add_argument("study", type=Path, help="YAML file")
    measure.set_defaults(run=_calibrate)
    unlock = commands.add_parser("unlock", help="remove the lock of a Snakemake that was killed")
    unlock.set_defaults(run=_unlock)
    docs = commands.add_parser("docs", help="write the schema and the generated tables of the documentation")
    docs.add_argument("--check", action="store_true", help="change nothing, fail if something is out of date")
    docs.set_defaults(run=_docs)
    options, rest = parser.parse_known_args(arguments)
    if rest and options.command != "point":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    return options.run(options, rest) or 0


def _add_point(commands) -> None:
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


def _models(options, rest) -> None:
    for name in model_names():
        model = get_model(name)
        print(f"{name}: {model.title} (doi:{model.doi})")
        for p in model.parameters:
            print(f"  {p.name:10s} {p.default:8g} {p.unit:6s} {p.meaning}")
        for alias, targets in model.aliases.items():
            print(f"  {alias:10s} sets {', '.join(targets)}")


def _check(options, rest) -> None:
    """What `snakemake --configfile FILE` checks before it runs anything."""
    workflow = _workflow_of(options.study)
    workflow.check()
    for name, study in workflow.studies.main.items():
        print(f"{name}: {study.size()} points ({' x '.join(map(str, study.shape())) or '1'})")


def _calibrate(options, rest) -> None:
    from ngnmm_core.orchestration import prepare_jobs
    from ngnmm_core.preflight.calibration import calibrate
    from ngnmm_core.preflight.cost import time_text
    from ngnmm_core.stages.registry import STAGES, stages_of

    workflow = _workflow_of(options.study)
    prepare_jobs(workflow.root, workflow.resources / "kernels")
    for name, study in workflow.studies.main.items():
        for stage in stages_of(study):
            rates = calibrate(study, stage.name, workflow.connectomes.regions(name))
            seconds = rates.seconds(rates.lanes, STAGES[stage.name].settings(study)) / rates.lanes
            print(f"{name} ({stage.name}): {time_text(seconds)} of CPU time per point on {rates.source}")


def _workflow_of(file: Path):
    """What Snakemake would know of a study file in this folder."""
    from ngnmm_core.orchestration import Workflow
    from ngnmm_core.study.load import read_yaml

    root = Path(__file__).resolve().parent.parent
    return Workflow(read_yaml(file), [str(file)], root, ("results", "resources"))


def _unlock(options, rest) -> None:
    from ngnmm_core.orchestration.locks import remove_stale

    if message := remove_stale():
        print(message)


def _docs(options, rest) -> int:
    from ngnmm_core.study.documentation import write_all

    stale = write_all(Path(__file__).resolve().parent.parent, change=not options.check)
    for path in stale:
        print(f"{'out of date' if options.check else 'written'}: {path}")
    return 1 if stale and options.check else 0
