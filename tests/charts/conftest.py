"""What every test of a picture needs: no screen, no leftovers, and a look at the words."""

from itertools import combinations

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pytest


@pytest.fixture(autouse=True)
def _no_figures_left():
    yield
    plt.close("all")


def _drawn_texts(ax):
    """Every text of the axes that is really drawn."""
    low, high = sorted(ax.get_xlim())
    texts = [*ax.texts, ax.title]
    if ax.axison:
        texts += [ax.xaxis.label, ax.xaxis.get_offset_text()]
        texts += [t for t in ax.get_xticklabels() if low <= t.get_position()[0] <= high]
    if ax.get_legend():
        texts += ax.get_legend().get_texts()
    return [t for t in texts if t.get_visible() and t.get_text().strip()]


@pytest.fixture
def drawn():
    """drawn(ax) lays the figure out; returns {text artist: its box in pixels}."""

    def render(ax):
        ax.figure.draw_without_rendering()
        return {t: t.get_window_extent() for t in _drawn_texts(ax)}

    return render


@pytest.fixture
def legible(drawn):
    """legible(ax) fails if two texts overlap or one leaves the figure."""

    def look(ax):
        boxes = drawn(ax)
        page = ax.figure.bbox
        for text, box in boxes.items():
            inside = box.x0 > -1 and box.y0 > -1 and box.x1 < page.x1 + 1 and box.y1 < page.y1 + 1
            assert inside, f"{text.get_text()!r} leaves the figure: {box}, {page}"
        for (one, a), (two, b) in combinations(boxes.items(), 2):
            wide = min(a.x1, b.x1) - max(a.x0, b.x0)
            high = min(a.y1, b.y1) - max(a.y0, b.y0)
            assert wide < 0.5 or high < 0.5, f"{one.get_text()!r} overlaps {two.get_text()!r}"
        return boxes

    return look
