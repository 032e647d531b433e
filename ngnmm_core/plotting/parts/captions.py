"""Words for captions: what a study computes, and settings of its analyses.  Free of matplotlib and xarray."""

import re

import numpy as np

from ngnmm_core.connectome.cohort import NULL, SUBJECT
from ngnmm_core.plotting.parts.labels import assignments, number, signal_text
from ngnmm_core.streaming.envelope import GAMMA_HZ
from ngnmm_core.study.study import Study


def describe(study: Study) -> str:
    """Describe what a study computes, in a sentence or two for captions: model, connectome, grid, simulation.

    Words of the study stand there as they are, whatever they mean in reStructuredText (`as_words`).
    """
    return as_words(_description(study))


def as_words(text: str) -> str:
    """Escape a text for reStructuredText so that nothing is markup: one line, with a backslash before every mark."""
    return re.sub(r"([^\w\s]|_)", r"\\\1", " ".join(text.split()))


def _description(study: Study) -> str:
    spec = study.config.connectome
    parts = [
        f"{study.model.title} ({study.model.name}) on the connectome {spec.title}{_cohort_text(study)} "
        f"(normalisation: {study.config.normalization})"
    ]
    if study.listed:
        parts.append(f"{study.size()} points, listed in the study")
    elif set(study.axes) - {SUBJECT, NULL}:
        swept = {name: values for name, values in study.axes.items() if name not in (SUBJECT, NULL)}
        parts.append("grid of " + "; ".join(f"{name} = {_range(values)}" for name, values in swept.items()))
    fixed = assignments(study.fixed, plain=True)
    parts.append(f"{fixed}, other parameters at their defaults" if fixed else "other parameters at their defaults")
    text = ". ".join(part[:1].upper() + part[1:] for part in parts) + "."
    if study.simulates:
        simulation = study.simulation
        duration, transient = map(number, (simulation.duration_ms, simulation.transient_ms))
        steps = {simulation.own_ladder(float(f), (), study.delayed).steps_ms[0] for f in study.time_factors}
        one = len(steps) == 1 and (simulation.dt_ms is not None or not simulation.integrator.watches)
        step = f"{'' if one else 'at most '}{number(max(steps))}"
        noise = f", noise {number(simulation.noise_sigma)} ms^0.5" if simulation.noise_sigma else ""
        text += (
            f" Simulations of {duration} ms, of which the first {transient} ms are left out; time step {step} ms "
            f"({simulation.method}){noise}."
        )
    return text


def _cohort_text(study: Study) -> str:
    """State how many subjects and null connectomes there are."""
    subjects, nulls = len(study.subjects), study.config.nulls
    words = [f"{subjects} {'subject' if subjects == 1 else 'subjects'}"] if subjects else []
    words += [f"{nulls.count} null connectomes ({nulls.kind})"] if nulls else []
    return f", {' and '.join(words)}" if words else ""


def _range(values: np.ndarray) -> str:
    if len(values) <= 6:
        return ", ".join(number(value) for value in values)
    return f"{number(min(values))} to {number(max(values))} ({len(values)} values)"


def facts(study: Study) -> dict[str, str]:
    """Collect the settings of the analyses that captions mention."""
    spectra, fc = study.options.get("spectra"), study.options.get("fc")
    gamma = getattr(spectra, "bands", {}).get("gamma", GAMMA_HZ)
    return {
        "gamma_hz": f"{number(gamma[0])} to {number(gamma[1])} Hz",
        "signals": as_words(" and ".join(signal_text(name) for name in getattr(fc, "signals", ()))),
        "lesions": " and ".join(getattr(study.options.get("hubs"), "lesion", ())),
        "null_seeds": str(getattr(study.options.get("hubs"), "null_seeds", "")),
        "seeds": str(getattr(study.options.get("hubs"), "seeds", "")),
    }
