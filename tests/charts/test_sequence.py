"""A conversation in order: the right lanes, words that can be read, no bearer token."""

import matplotlib.pyplot as plt
import pytest

from labhelpers.charts import sequence

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJyZXBvOm91ci1vcmcvc2hvcCJ9.c2lnbmF0dXJl-_x"
LANES = [
    ("job", "a runner of GitHub Actions"),
    ("issuer", "https://token.actions.githubusercontent.com"),
    ("AWS STS", "hands out temporary credentials"),
    ("Amazon S3", "the bucket shop-site"),
]
STEPS = [
    ("job", "issuer", "asks for a token", "audience=sts.amazonaws.com"),
    ("issuer", "job", "signs one", "sub=repo:our-org/shop:ref:refs/heads/main"),
    ("job", "AWS STS", "AssumeRoleWithWebIdentity", "RoleArn=arn:aws:iam::111122223333:role/x"),
    ("AWS STS", "issuer", "reads the public keys", ""),
    ("AWS STS", "AWS STS", "checks signature, time, audience; the trust policy decides", "sub"),
    ("Amazon S3", "Amazon S3", "asks the role's policies", "s3:PutObject"),
    ("job", "Amazon S3", "signs calls with them", "s3:PutObject"),
]


def arrows(ax):
    """(from, to) of each step, by the order of the lanes."""
    lanes = [line.get_xdata()[0] for line in ax.lines]
    found = {p.get_gid(): p._posA_posB for p in ax.patches if (p.get_gid() or "").startswith("st")}
    return [tuple(lanes.index(x) for x, _ in found[f"step-{n}"]) for n in range(1, len(found) + 1)]


def test_arrows_run_between_the_lanes_that_were_named():
    ax = sequence(LANES, STEPS)
    assert arrows(ax) == [(0, 1), (1, 0), (0, 2), (2, 1), (2, 2), (3, 3), (0, 3)]


def test_steps_are_numbered_from_top_to_bottom():
    ax = sequence(LANES, STEPS)
    heights = {t.get_text(): t.get_position()[1] for t in ax.texts}
    numbers = [heights[str(n)] for n in range(1, len(STEPS) + 1)]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize("count", [2, 3, 4])
def test_every_word_can_be_read(count, legible):
    lanes = LANES[:count]
    names = [name for name, _ in lanes]
    steps = [s for s in STEPS if s[0] in names and s[1] in names]
    ax = sequence(lanes, [*steps, (names[0], names[1], "long " * 12, "x" * 300)])
    legible(ax)
    assert ax.figure.get_size_inches()[0] <= 10


def test_a_jwt_is_cut_short():
    ax = sequence(
        [("job", f"holds {JWT}"), ("sts", "")], [("job", "sts", f"sends {JWT}", f"Token={JWT}")]
    )
    said = "".join("".join(t.get_text().split()) for t in ax.figure.findobj(plt.Text))
    assert "eyJh…" in said
    for part in JWT.split("."):
        assert part not in said


def test_given_axes_are_used():
    _, axes = plt.subplots(1, 2, figsize=(10, 4))
    assert sequence(LANES, STEPS, ax=axes[0]) is axes[0]


@pytest.mark.parametrize(
    ("lanes", "steps", "named"),
    [
        pytest.param(LANES[:1], [], "two to five", id="one lane"),
        pytest.param([LANES[0], LANES[0]], [], "different names", id="twice the same"),
        pytest.param(LANES, [("job", "nobody", "", "")], "'nobody'", id="unknown lane"),
    ],
)
def test_mistakes_are_named(lanes, steps, named):
    with pytest.raises(ValueError, match=named):
        sequence(lanes, steps)
