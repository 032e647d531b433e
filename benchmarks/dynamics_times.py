"""Times of the analyses that simulate no network of their own choosing: growth rates of modes, spectra of networks.

    python -m benchmarks.dynamics_times

CPU seconds of one thread, a sample of the mesh of `benchmarks.msf` and its spectrum; half a minute.
"""

import statistics

from benchmarks import msf
from benchmarks.documents import DOCS, machine, replace_part, table
from ngnmm_core.connectome import spectrum
from ngnmm_core.dynamics.network_exponents import NetworkSettings, network_exponents

STRIDE, REPEATS = 12, 5


def rows() -> list[list[str]]:
    """The table: growth rates on cycles, the whole mesh of the paper extrapolated from a sample, and a spectrum."""
    modes = spectrum(msf.connectome()).values
    msf.warm(modes)
    minutes, growth = [], []
    for _ in range(REPEATS):
        sample = msf.sample(STRIDE, modes)
        minutes.append(sample.minutes)
        growth.append(sample.growth_ms)
    W, parameters, state = msf.network()
    network_exponents(msf.MODEL, W, parameters, state, NetworkSettings(1, 1.0, 1.0))
    seconds = msf.timed(network_exponents, msf.MODEL, W, parameters, state, NetworkSettings(90))[1]
    return [
        ["growth rates of 90 modes on a cycle, orbit given, ms", f"{statistics.median(growth):.2f}", "0.5"],
        ["`msf` on the paper's mesh, two cores, extrapolated, minutes", f"{statistics.median(minutes):.1f}", "3"],
        ["the same, the fastest of five, minutes", f"{min(minutes):.1f}", "-"],
        ["spectrum of a network, 90 exponents over 7 s, CPU seconds", f"{seconds:.1f}", "12"],
    ]


def write() -> None:
    """Measures, and writes the part of the page."""
    about = machine()
    text = f"{about['date']}; {about['processor']}; {about['load']}.\n\n{table(['', 'measured', 'at most'], rows())}"
    replace_part(DOCS / "benchmarks" / "README.md", "dynamics", text)


if __name__ == "__main__":
    write()
