"""The chain shows each key where it was handed out and where it was used."""

import matplotlib.pyplot as plt
import pytest

from labhelpers.charts import key_chain

STEPS = [
    {"who": "user/bob", "key": "AKIA…3FJP", "call": "02:12 AssumeRole", "issued": "ASIA…0001"},
    {"who": "developer/alice", "key": "ASIA…0001", "call": "02:12 AssumeRole", "issued": "ASIA…2"},
    {"who": "production/alice", "key": "ASIA…2", "call": "02:37 DeleteObject"},
]


def words(ax):
    return [t.get_text() for t in ax.texts]


def test_boxes_run_from_the_first_key_to_the_target(legible):
    ax = key_chain(STEPS, "shop-prices/prices.json")
    legible(ax)
    boxes = [a for a in ax.patches if (a.get_gid() or "").startswith("box-")]
    tops = [box.get_y() for box in boxes]
    assert len(boxes) == 4 and tops == sorted(tops)
    said = words(ax)
    assert said[0] == "user/bob" and said[-1] == "shop-prices/prices.json"


def test_a_key_stands_where_it_is_handed_out_and_where_it_is_used():
    said = words(key_chain(STEPS, "x"))
    assert said.index("hands out ASIA…0001") < said.index("key ASIA…0001")


@pytest.mark.parametrize("count", [1, 2, 6])
def test_every_word_can_be_read(count, legible):
    steps = [
        {"who": "w" * 80, "key": f"ASIA…{n}", "call": "c" * 120, "issued": f"ASIA…{n + 1}"}
        for n in range(count)
    ]
    legible(key_chain(steps, "t" * 90))


def test_given_axes_are_used():
    _, ax = plt.subplots(figsize=(5, 3))
    assert key_chain(STEPS, "x", ax=ax) is ax


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([], "at least one step"),
        ([STEPS[0], "x"], "step 2 must be a mapping"),
        ([STEPS[0] | {"call": ""}], "step 1: call must be text"),
        ([STEPS[0], STEPS[2]], "step 1 issued 'ASIA…0001', step 2 uses 'ASIA…2'"),
    ],
    ids=["none", "text", "no call", "broken chain"],
)
def test_what_is_malformed_is_named(steps, told):
    with pytest.raises(ValueError, match=told):
        key_chain(steps, "x")
