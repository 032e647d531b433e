"""What signals that are compared with recordings are called in figures."""

SIGNALS = {
    "linear_fc": "linear theory",
    "bold": "BOLD",
    "fc:gamma_envelope": "envelopes",
    "fc:orthogonalised_envelope": "orthogonalised envelopes",
}


def signal_title(name: str) -> str:
    """Return the name of a signal as shown in a figure: `linear theory, 0.01-0.1 Hz`."""
    if name in SIGNALS:
        return SIGNALS[name]
    kind, _, band = name.partition(":")
    return SIGNALS.get(kind, kind) + (f", {band} Hz" if band else "")
