"""`ngnmm new`: a commented study file to start from."""

import re
from pathlib import Path

from ngnmm_core.errors import InputError
from ngnmm_core.models import get_model, model_names
from ngnmm_core.storage.atomic import write_atomically

OFTEN_SWEPT: dict[str, list[float]] = {"G": [1, 4, 7, 10], "Delta": [0.8, 1.0, 1.2]}
DRIVES: dict[str, list[float]] = {"ei_ngnmm": [8, 13]}  # where the default is a place without rhythm
TEMPLATE = """\
# A study of {title}.
#   ngnmm check {file}     whether it can run
#   ngnmm plan {file}      what it will cost
#   ngnmm run {file}       datasets, figures and the explorer, in results/{study}/
# All keys with their units and defaults: config/README.md
study: {study}
connectome: {connectome}
normalization: row                     # every region's inputs sum to 1; max | none
model:
  name: {model}
  parameters: {{}}                       # those that stay fixed, where not at their defaults:
{parameters}

grid:                                  # axes: numbers, lists, {{start, stop, step}} or {{start, stop, num}}
{axes}
  seed: [0]                            # of the initial states, and of the noise if there is any

simulation:
  duration_ms: 4000                    # the transient included
  transient_ms: 1500                   # not analysed
  # noise_sigma: 0.01                  # additive noise (ms^0.5), with method: heun

analyses:
  rates: {{}}
  spectra: {{}}
  fc: {{}}
  synchrony: {{}}
  msf: {{}}                              # stability of the homogeneous state
{others}

highlights:                            # points that get detailed figures
  - {highlight}
"""


def add(commands) -> None:
    """Add the command to the parser."""
    new = commands.add_parser("new", help="write a commented study file to start from")
    new.add_argument("file", type=Path, help="the file to write, e.g. my_study.yaml")
    new.add_argument("--model", default="ei_ngnmm", choices=model_names(), help="default: %(default)s")
    new.add_argument("--connectome", default="hcp-aal2-94", help="a name of the registry or a file; %(default)s")
    new.set_defaults(run=_new)


def study_text(file: Path, model_name: str, connectome: str) -> str:
    """Compose the text of a study file with all parameters of a model and all analyses in comments."""
    from ngnmm_core.analysis.registry import analysis_names, get_analysis
    from ngnmm_core.study.schema import DEFAULT_ANALYSES

    model = get_model(model_name)
    axes = _axes(model)
    others = (name for name in analysis_names() if name not in (*DEFAULT_ANALYSES, "msf"))
    source = f"{{path: {connectome}}}" if Path(connectome).suffix else f"{{name: {connectome}}}"
    fixed = (p for p in model.parameters if p.name not in axes and p.name not in model.aliases.get("Delta", ()))
    return TEMPLATE.format(
        title=model.title,
        file=file,
        study=file.stem,
        connectome=source,
        model=model.name,
        parameters="\n".join(_comment(f"    # {p.name}: {p.default:g}", f"{p.meaning} ({p.unit})") for p in fixed),
        axes="\n".join(f"  {name}: {values}" for name, values in axes.items()),
        others="\n".join(_comment(f"  # {name}: {{}}", get_analysis(name).title) for name in others),
        highlight="{" + ", ".join(f"{name}: {values[-1]:g}" for name, values in axes.items()) + "}",
    )


def _axes(model) -> dict[str, list[float]]:
    """Axes to start with: coupling, heterogeneity if the model has it, and the first drive."""
    swept = {name: list(values) for name, values in OFTEN_SWEPT.items() if name in model.axis_names}
    drive = model.drives[0]
    default = model.parameter(drive).default
    first: list[float] = DRIVES.get(model.name, [default, round(default * 1.5, 3) or 1.0])
    return swept | {drive: first}


def _comment(key: str, meaning: str) -> str:
    return f"{key:38s} # {meaning}"


def _new(options, rest) -> None:
    file = options.file
    if file.suffix not in (".yaml", ".yml"):
        raise InputError(f"{file}: has no known ending; allowed: a name ending in .yaml")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", file.stem):
        raise InputError(f"{file}: '{file.stem}' can't name a study; allowed: letters, digits, '_', '.' and '-'")
    if file.exists():
        raise InputError(f"{file}: exists; allowed: the name of a new file")
    if not file.absolute().parent.is_dir():
        raise InputError(f"{file}: {file.parent} is not there; allowed: a folder that exists")
    write_atomically(file, study_text(file, options.model, options.connectome))
    print(f"{file}: written; next: ngnmm plan {file}, then ngnmm run {file}")
