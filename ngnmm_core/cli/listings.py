"""`ngnmm models` and `ngnmm connectomes`: what can be named in a study."""

from pathlib import Path

from ngnmm_core.models import get_model, model_names


def add(commands) -> None:
    """Add the commands to the parser."""
    models = commands.add_parser("models", help="list the models and their parameters")
    models.set_defaults(run=_models)
    connectomes = commands.add_parser(
        "connectomes", help="list the connectomes of the registry, their sizes, and which are here already"
    )
    connectomes.set_defaults(run=_connectomes)


def _models(options, rest) -> None:
    for name in model_names():
        model = get_model(name)
        print(f"{name}: {model.title} (doi:{model.doi})")
        for p in model.parameters:
            print(f"  {p.name:10s} {p.default:8g} {p.unit:6s} {p.meaning}")
        for alias, targets in model.aliases.items():
            print(f"  {alias:10s} sets {', '.join(targets)}")


def _connectomes(options, rest) -> None:
    from ngnmm_core.connectome import load_registry

    for name, entry in load_registry().entries.items():
        here = "here" if Path("resources/connectomes", f"{name}.nc").is_file() else "fetched at first use"
        source = here if entry.source else "built in"
        count = f"{entry.regions:5d} {'region' if entry.regions == 1 else 'regions'}"
        print(f"{name:14s} {count + ',':14s} {source}: {entry.title}")
    print("or a file of your own: connectome: {path: my_matrix.csv}")
