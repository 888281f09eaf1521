"""The picture says what was decided: the request lies in exactly the sets that allow it."""

from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import pytest

from labhelpers.charts import decision as draw
from labhelpers.charts import venn
from labhelpers.policy import Principal, Request, evaluate, evaluate_trust, parse

A, B = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{A}:role/team/app"
SESSION = Principal("role-session", f"arn:aws:sts::{A}:assumed-role/app/s1", A, role_arn=ROLE)
SERVICE = Principal("service", "ec2.amazonaws.com", "")
REQUEST = Request(SESSION, "s3:GetObject", "arn:aws:s3:::reports/2026/07.csv")
NAMES = {
    "identity": "identity-based policy",
    "boundary": "permissions boundary",
    "session": "session policy",
    "scp": "service control policy",
}


def policy(kind, effect="Allow", action="*", principal=None):
    statement = {"Effect": effect, "Action": action, "Resource": "*"}
    if principal:
        statement["Principal"] = principal
    return parse({"Version": "2012-10-17", "Statement": statement}, kind)


def of(kind, allows):
    return [policy(kind, action="*" if allows else "ec2:*")]


def decided(request=REQUEST, resource=None, **allows):
    """Decide with one policy of each type given: True allows, False does not."""
    return evaluate(
        request,
        identity=of("identity", allows["identity"]) if "identity" in allows else [],
        boundaries=of("boundary", allows["boundary"]) if "boundary" in allows else [],
        session=of("session", allows["session"]) if "session" in allows else None,
        scps=[of("scp", allows["scp"])] if "scp" in allows else [],
        resource=resource,
    )


def patches(ax, start):
    return [p for p in ax.patches if (p.get_gid() or "").startswith(start)]


def lies_in(ax, side):
    """Which sets of a side the request's dot lies in, by matplotlib's own geometry."""
    [dot] = patches(ax, f"request-{side}")
    return [
        bool(shape.get_path().contains_point(dot.center, shape.get_patch_transform()))
        for shape in patches(ax, f"set-{side}")
    ]


COMBINATIONS = [
    dict(zip(kinds, allows, strict=True))
    for kinds in (
        ("identity",),
        ("identity", "boundary"),
        ("identity", "session"),
        ("identity", "boundary", "session"),
        ("identity", "boundary", "session", "scp"),
    )
    for allows in product((True, False), repeat=len(kinds))
]


@pytest.mark.parametrize("allows", COMBINATIONS, ids=lambda d: " ".join(map(str, d.values())))
def test_request_lies_in_the_sets_that_allow_it(allows, legible):
    """Every combination of in and out has a place, clear of all lines and words."""
    outcome = decided(**allows)
    ax = draw(outcome)
    assert lies_in(ax, "own") == list(allows.values())
    assert outcome.allowed == all(lies_in(ax, "own"))
    [dot] = patches(ax, "request-own")
    for shape in patches(ax, "set-own"):
        outline = shape.get_patch_transform().transform(shape.get_path().vertices)
        gap = np.hypot(*(outline - dot.center).T).min()
        assert gap > dot.width / 2
    legible(ax)


def words(ax):
    return " ".join(" ".join(text.get_text().split()) for text in ax.texts)


def test_sets_are_named_and_say_what_they_do():
    ax = draw(decided(identity=True, boundary=False, scp=True))
    said = words(ax)
    for kind, verdict in (
        ("identity", "allows"),
        ("boundary", "does not allow"),
        ("scp", "allows"),
    ):
        assert f"{NAMES[kind]} {verdict} it" in said
    assert NAMES["session"] not in said
    assert "ImplicitlyDenied: no permissions boundary allows" in said
    assert REQUEST.resource in said


@pytest.mark.parametrize(
    "named, inside, says",
    [
        (ROLE, True, "It names the role or user behind the caller"),
        (SESSION.arn, True, "It names the caller directly"),
        (A, True, "It names the caller's account"),
        (B, False, "No statement allows this caller"),
        (None, False, "There is none."),
    ],
    ids=["role", "session", "account", "somebody else", "no policy"],
)
def test_resource_policy_stands_beside(named, inside, says, legible):
    resource = policy("resource", principal={"AWS": named}) if named else None
    ax = draw(decided(resource=resource, identity=False))
    assert lies_in(ax, "beside") == [inside]
    assert says in words(ax)
    assert "or: one may suffice" in words(ax)
    assert len(patches(ax, "common-beside")) == (1 if named else 0)
    legible(ax)


def test_across_accounts_both_must_allow():
    ax = draw(decided(Request(SESSION, "s3:GetObject", "arn:aws:s3:::b/k", B), identity=True))
    assert "and: both must allow" in words(ax)


def test_trust_policy(legible):
    """A trust policy must allow in the same account, too."""
    document = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "sts:AssumeRole"}
    trust = parse({"Version": "2012-10-17", "Statement": document}, "trust")
    request = Request(SESSION, "sts:AssumeRole", f"arn:aws:iam::{A}:role/target")
    ax = draw(evaluate_trust(request, trust))
    assert "trust policy" in words(ax)
    assert "and: both must allow" in words(ax)
    legible(ax)


def test_service_has_no_policies_of_its_own(legible):
    resource = policy("resource", principal={"Service": SERVICE.arn})
    ax = draw(decided(Request(SERVICE, "s3:GetObject", "arn:aws:s3:::b/k"), resource))
    assert patches(ax, "set-own") == []
    assert "alone decides" in words(ax)
    assert lies_in(ax, "beside") == [True]
    legible(ax)


@pytest.mark.parametrize("side", ["own", "beside"])
def test_explicit_deny_is_crossed_out_where_it_stands(side, legible):
    if side == "own":
        outcome = evaluate(REQUEST, identity=[policy("identity", "Deny")])
    else:
        resource = policy("resource", "Deny", principal="*")
        outcome = evaluate(REQUEST, identity=of("identity", True), resource=resource)
    ax = draw(outcome)
    assert [len(patches(ax, f"deny-{name}")) for name in ("own", "beside")] == (
        [1, 0] if side == "own" else [0, 1]
    )
    assert "denies it" in words(ax)
    assert words(ax).split("ExplicitlyDenied: ")[1].startswith("a Deny statement")
    legible(ax)


def test_what_no_policy_governs(legible):
    ax = draw(evaluate(Request(SESSION, "sts:GetCallerIdentity", "*")))
    assert "Allowed: every caller may do this" in words(ax)
    assert patches(ax, "set") == []
    legible(ax)


def test_long_names_stay_in_the_picture(legible):
    request = Request(SESSION, "s3:GetObject", "arn:aws:s3:::" + "long-name/" * 40)
    legible(draw(decided(request, identity=True, boundary=True, session=True, scp=False)))


def test_own_axes_are_filled():
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 3))
    assert draw(decided(identity=True), left) is left
    assert patches(left, "set-own")
    assert not right.patches
    assert plt.get_fignums() == [figure.number]


def test_common_part_differs_in_grey_and_hatch():
    """A print without colour still tells the common part from the rest."""
    [common] = patches(draw(decided(identity=True, boundary=True)), "common-own")
    red, green, blue, _ = common.get_facecolor()
    assert 0.3 * red + 0.59 * green + 0.11 * blue < 0.9
    assert common.get_hatch()


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_common_part_lies_in_every_set(count):
    """Oracle: random points, judged by the equation of each ellipse."""
    shapes = venn.shapes(count, (0.0, 0.0))
    region = plt.Polygon(venn.common(shapes)).get_path()
    points = np.random.default_rng(1).uniform(-2, 2, (4000, 2))
    depths = np.array(venn._depth(shapes, points[:, 0], points[:, 1]))
    clear = np.abs(depths).min(axis=0) > 0.02
    inside = region.contains_points(points)
    assert (inside == (depths > 0).all(axis=0))[clear].all()
    assert inside.any()
