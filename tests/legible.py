"""What holds for every figure that any test draws: its text can be read on a slide."""

from matplotlib.text import Text

SLIDE_CM, LEAST_POINTS = 16.0, 8.0


def too_small(figure) -> dict[str, float]:
    """Texts below 8 points where the figure is 16 cm wide (or less, if it is less), and their sizes there."""
    scale = SLIDE_CM / max(figure.get_figwidth() * 2.54, SLIDE_CM)
    shown = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
    sizes = {t.get_text(): float(t.get_fontsize() * scale) for t in shown}
    return {text: size for text, size in sizes.items() if size < LEAST_POINTS - 1e-9}


def look_at_every_figure(monkeypatch) -> None:
    """Have the size of every text looked at wherever a figure is finished."""
    from ngnmm_core.plotting.parts import style

    settle = style._settle_layout

    def settle_and_look(figure):
        settle(figure)
        small = too_small(figure)
        assert small == {}, f"text below {LEAST_POINTS:g} points at {SLIDE_CM:g} cm: {small}"

    monkeypatch.setattr(style, "_settle_layout", settle_and_look)
