"""One decision as a picture: the sets that must all hold the request, and where it falls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Ellipse, PathPatch, Polygon
from matplotlib.path import Path

from labhelpers.charts import style, venn
from labhelpers.charts.curves import Point
from labhelpers.charts.records import Case, Decision, Principal

# All lengths are inches; x goes right and y goes down.
_WIDE, _MARGIN, _LABEL = 9.6, 0.25, 1.75
_OWN, _BESIDE = (3.45, 1.6), (8.05, 1.75)  # the middles of the two groups of sets
_HIGH = 3.35  # of the groups
_SMALL = 8  # points: what a set says


# Where the labels stand: left (-1) or right (1) of the sets, and how high.
_SIDES = {
    1: ((-1, -0.9),),
    2: ((-1, -0.9), (1, -0.9)),
    3: ((-1, -0.9), (1, -0.9), (-1, 0.9)),
    4: ((-1, 0.7), (-1, -1.0), (1, -1.0), (1, 0.7)),
}
_LINES = ("solid", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1, 2)))
_NONE = "There is none."
_SAYS = {True: "allows it", False: "does not allow it"}
_COMMON: style.How = {
    "facecolor": "#d6e4f0",
    "edgecolor": "#7d97ad",
    "linewidth": 0,
    "hatch": "....",
}


@dataclass(frozen=True)
class _Set:
    """One set: its name, whether the request lies in it, what to say, is it denied here."""

    name: str
    inside: bool
    says: str
    denies: bool = False


def decision(decision: Decision, ax: Axes | None = None) -> Axes:
    """Draw the set algebra of one Decision and return the axes.

    Left are the sets of the caller's side that are in use (identity-based policy, permissions
    boundary, session policy, service control policy); what lies in all of them is dotted.
    Beside stands the resource's own policy, with how both sides combine. A dot is this
    request; a cross on it is an explicit deny. Axes of your own are filled.
    """
    request, case = decision.request, decision.case
    what = f"{request.action} on {request.resource or 'a resource not known here'}"
    head = style.wrap(what, 0.85 * (_WIDE - 2 * _MARGIN))  # bold letters are wider
    verdict = style.wrap(_verdict(decision), _WIDE - 2 * _MARGIN)
    top = _MARGIN + style.height(len(head)) + 0.1
    middle = _HIGH if case is not None else 0.0
    high = top + middle + style.height(len(verdict)) + _MARGIN
    ax, scale = style.canvas(ax, _WIDE, high)
    size: style.How = {"fontsize": style.SIZE * scale, "va": "top"}
    style.text(ax, _MARGIN, _MARGIN, "\n".join(head), weight="bold", **size)
    if case is not None:
        _draw_sides(ax, case, decision.request.principal, top, scale)
    style.text(ax, _MARGIN, top + middle, "\n".join(verdict), **size)
    return ax


def _verdict(decision: Decision) -> str:
    return f"{decision.outcome}: {decision.headline.partition(': ')[2]}"


def _draw_sides(ax: Axes, case: Case, principal: Principal, top: float, scale: float) -> None:
    own, beside = _own_sets(case), _resource_set(case)
    denied = case.denied_by() is not None
    if own:
        _group(ax, own, (_OWN[0], top + _OWN[1]), denied, scale, "own")
    else:
        words = style.wrap("The caller belongs to no account: no policy of its own counts.", 2.4)
        how: style.How = {"ha": "center", "va": "center", "fontsize": style.SIZE * scale}
        style.text(ax, _OWN[0], top + _OWN[1], "\n".join(words), color=style.MUTED, **how)
    _group(ax, [beside], (_BESIDE[0], top + _BESIDE[1]), denied, scale, "beside", below=True)
    how = {"ha": "center", "va": "bottom", "fontsize": _SMALL * scale, "style": "italic"}
    joint = _joint(case, principal)
    style.text(ax, _BESIDE[0], top + _BESIDE[1] - 1.05, joint, color=style.MUTED, **how)


def _own_sets(case: Case) -> list[_Set]:
    """The sets of the caller's side that are in use, in the order of the algebra."""
    found = []
    for kind in ("identity", "boundary", "session", "scp"):
        if not case.in_use(kind):
            continue
        denies = case.denies(kind)
        inside = case.allows(kind) and not denies
        says = "denies it" if denies else _SAYS[inside]
        if kind == "identity" and not denies and case.has_all_rights:
            says = "root needs none"
        if kind == "session" and not any(case.groups[kind]):
            says = "none was passed"
        found.append(_Set(case.title(kind), inside, says, denies))
    return found


def _resource_set(case: Case) -> _Set:
    denies = case.denies("resource")
    if denies or case.denies("rcp"):
        return _Set(case.title("resource" if denies else "rcp"), False, "denies it", True)
    title = case.title("resource")
    if not case.in_use("resource"):
        return _Set(title, False, _NONE)
    return _Set(title, case.strength > 0, case.naming)


def _joint(case: Case, principal: Principal) -> str:
    """How the two sides combine."""
    if not principal.account:
        return "alone decides"
    if case.resource_type == "trust" or not case.same_account:
        return "and: both must allow"
    return "or: one may suffice"


def _group(
    ax: Axes,
    sets: list[_Set],
    middle: Point,
    denied: bool,
    scale: float,
    name: str,
    below: bool = False,
) -> None:
    """Draw sets around a middle, their common part, their labels and the request."""
    shapes = venn.shapes(len(sets), middle, 0.65 if name == "beside" else 1.0)
    if sets[0].says != _NONE:
        _common(ax, shapes, name)
    for number, shape in enumerate(shapes):
        x, y, wide, high, turn = shape
        look: style.How = {
            "facecolor": "none",
            "edgecolor": style.INK,
            "linewidth": 1.3,
            "zorder": 3,
        }
        look |= {"linestyle": _LINES[number], "gid": f"set-{name}-{number}"}
        if sets[number].says == _NONE:
            look |= {"linestyle": _LINES[2], "edgecolor": style.MUTED}
        ax.add_patch(Ellipse((x, y), wide, high, angle=turn, **look))
    _labels(ax, sets, shapes, middle, scale, below)
    place = venn.place(shapes, [one.inside for one in sets])
    if name == "beside" and not sets[0].inside:
        place = (middle[0] + 1.0, middle[1])  # what is said stands above and below
    marked = denied and any(one.denies for one in sets)
    _request(ax, place, marked, name)


def _common(ax: Axes, shapes: list[venn.Shape], name: str) -> None:
    """Dot what lies in all sets."""
    region = venn.common(shapes)
    ax.add_patch(Polygon(region, closed=True, zorder=1, gid=f"common-{name}", **_COMMON))


def _labels(
    ax: Axes,
    sets: list[_Set],
    shapes: list[venn.Shape],
    middle: Point,
    scale: float,
    below: bool,
) -> None:
    how: style.How = {"fontsize": _SMALL * scale, "va": "center"}
    for one, shape, (side, high) in zip(sets, shapes, _SIDES[len(sets)], strict=True):
        words = [*style.wrap(one.name, _LABEL, _SMALL), *style.wrap(one.says, _LABEL, _SMALL)]
        if below:
            x, y, how["ha"] = shape[0], shape[1] - 0.83, "center"
            wide = 2 * (_WIDE - _MARGIN - x)
            style.text(ax, x, y, one.name, **how | {"va": "bottom"}, weight="bold")
            words = style.wrap(one.says, wide, _SMALL)
            style.text(ax, x, shape[1] + 0.83, "\n".join(words), **how | {"va": "top"})
            continue
        how["ha"] = "right" if side < 0 else "left"
        edge = venn.outline(shape)
        near = edge[
            np.argmin(np.hypot(edge[:, 0] - middle[0] - side * 2, edge[:, 1] - middle[1] - high))
        ]
        x, y = middle[0] + side * 1.72, middle[1] + high
        ax.plot(
            [x - side * -0.04, near[0]], [y, near[1]], color=style.MUTED, linewidth=0.7, zorder=2
        )
        style.text(ax, x + side * 0.08, y, "\n".join(words), **how)


def _request(ax: Axes, place: Point, denied: bool, name: str) -> None:
    x, y = place
    dot = Ellipse(place, 0.16, 0.16, facecolor=style.INK, edgecolor="#ffffff", linewidth=1.5)
    dot.set(zorder=5, gid=f"request-{name}")
    ax.add_patch(dot)
    if denied:
        arm = 0.2
        ends = [(x - arm, y - arm), (x + arm, y + arm), (x - arm, y + arm), (x + arm, y - arm)]
        codes = [Path.MOVETO, Path.LINETO] * 2
        cross = PathPatch(Path(ends, codes), linewidth=3.2, edgecolor=style.INK, zorder=4)
        cross.set_gid(f"deny-{name}")
        ax.add_patch(cross)
