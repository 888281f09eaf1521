"""Five steps with the real values, and no secret anywhere."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import matplotlib.pyplot as plt
import pytest
from matplotlib.text import Text
from scene import issue

from labhelpers.charts import handshake
from labhelpers.sandbox.state.sessions import SessionRegistry

NOON = datetime(2026, 7, 26, 12, 0, 0, tzinfo=UTC)
ALICE = "arn:aws:iam::111122223333:user/alice"
ROLE = "arn:aws:iam::444455556666:role/ReportsReader"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TOKEN = "FwoGZXIvYXdzE" + "abC/+" * 60 + "zz=="


def credentials(**other):
    return {
        "AccessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "SecretAccessKey": SECRET,
        "SessionToken": TOKEN,
        "Expiration": NOON + timedelta(hours=1),
    } | other


def picture(**other):
    given = {
        "caller": ALICE,
        "role": ROLE,
        "trust_policy": "Allowed: statement 1 names the caller",
        "credentials": credentials(),
        "action": "s3:GetObject on arn:aws:s3:::reports/2026/07.csv",
    } | other
    return handshake(**given)


def everything_said(ax):
    """All text of the figure, whether it is shown or not, and without line breaks."""
    ax.figure.draw_without_rendering()
    return "".join("".join(t.get_text().split()) for t in ax.figure.findobj(Text))


def squeezed(words):
    return "".join(words.split())


def test_the_real_values_are_told():
    said = everything_said(picture(now=NOON))
    for words in (
        f"RoleArn={ROLE}",
        ALICE,
        "Allowed: statement 1 names the caller",
        "ASIA…MPLE",
        "wJal…EKEY",
        "FwoG…zz==",
        "s3:GetObject on arn:aws:s3:::reports/2026/07.csv",
        "they expire at 2026-07-26 13:00:00 UTC (in 1 h)",
    ):
        assert squeezed(words) in said


def test_five_arrows_are_numbered_and_run_between_the_right_lanes():
    """Lanes are told apart by their order: caller 0, STS 1, service 2."""
    ax = picture()
    ax.figure.draw_without_rendering()
    lanes = [line.get_xdata()[0] for line in ax.lines]
    ends = []
    for number in range(1, 6):
        arrow = next(p for p in ax.patches if p.get_gid() == f"step-{number}")
        (x0, y0), (x1, y1) = arrow._posA_posB
        ends.append((lanes.index(x0), lanes.index(x1)))
        badge = next(t for t in ax.texts if t.get_text() == str(number))
        assert badge.get_position() == (x0, y0)
        assert y1 >= y0
    assert ends == [(0, 1), (1, 1), (1, 0), (0, 2), (2, 0)]


@pytest.mark.parametrize("spoilt", ["caller", "role", "trust_policy", "action"])
@pytest.mark.parametrize(
    "secret",
    [
        pytest.param(SECRET, id="secret access key"),
        pytest.param(TOKEN, id="session token"),
        pytest.param(quote(TOKEN, safe=""), id="token in a URL"),
        pytest.param(quote(SECRET), id="secret in a path"),
    ],
)
def test_no_secret_shows_even_if_another_text_holds_it(spoilt, secret):
    said = everything_said(picture(**{spoilt: f"s3:GetObject with {secret} in it"}))
    for hidden in (SECRET, TOKEN, quote(TOKEN, safe=""), quote(TOKEN), quote(SECRET)):
        assert hidden not in said
        assert hidden[5:35] not in said


def test_no_secret_of_a_real_sandbox_session_shows(drawn):
    issued = issue(
        SessionRegistry(),
        ROLE,
        session_name="reading",
        issued=NOON,
        expires=NOON + timedelta(hours=1),
        caller_arn=ALICE,
        chained=False,
        max_session_duration=3600,
    )
    answer = credentials(
        AccessKeyId=issued.access_key_id,
        SecretAccessKey=issued.secret_access_key,
        SessionToken=issued.session_token,
    )
    said = everything_said(picture(credentials={"Credentials": answer}))
    for secret in (issued.secret_access_key, issued.session_token):
        pieces = {secret[i : i + 12] for i in range(len(secret) - 11)}
        assert not [piece for piece in pieces if piece in said]
    assert f"ASIA…{issued.access_key_id[-4:]}" in said


def test_short_secrets_are_hidden_whole():
    said = everything_said(picture(credentials=credentials(SecretAccessKey="tiny-secret-42")))
    assert "tiny" not in said and "••••" in said


@pytest.mark.parametrize(
    "case",
    [
        pytest.param({}, id="usual"),
        pytest.param({"now": NOON + timedelta(days=2, minutes=7)}, id="long expired"),
        pytest.param(
            {
                "caller": f"arn:aws:sts::111122223333:assumed-role/{'A' * 64}/{'s' * 64}",
                "role": f"arn:aws-us-gov:iam::444455556666:role/a/long/path/{'R' * 64}",
                "action": f"s3:GetObject on arn:aws:s3:::{'b' * 63}/{'k' * 120}",
                "trust_policy": "ExplicitlyDenied by " + "aws:PrincipalOrgID " * 12,
            },
            id="everything long",
        ),
        pytest.param({"trust_policy": "", "action": "none"}, id="hardly a word"),
    ],
)
def test_every_word_can_be_read(case, legible):
    ax = picture(**case)
    boxes = legible(ax)
    patches = {p.get_gid(): p for p in ax.patches if p.get_gid()}
    for number in (1, 3, 4, 5):  # no arrow runs through words
        arrow = patches[f"step-{number}"].get_window_extent()
        for text, box in boxes.items():
            own = text.get_text() in set("12345")
            assert (
                own
                or min(box.y1, arrow.y1) - max(box.y0, arrow.y0) < 4
                or (min(box.x1, arrow.x1) < max(box.x0, arrow.x0))
            )
    assert ax.figure.get_size_inches()[0] <= 10


def test_long_arns_are_wrapped_between_their_lanes(drawn):
    ax = picture(role=f"arn:aws:iam::444455556666:role/{'R' * 64}")
    boxes = drawn(ax)
    (told,) = (box for t, box in boxes.items() if t.get_text().startswith("RoleArn"))
    left, middle, _ = (ax.transData.transform((line.get_xdata()[0], 0))[0] for line in ax.lines)
    assert left < told.x0 and told.x1 < middle


@pytest.mark.parametrize("text", ["2026-07-26T13:00:00Z", "2026-07-26T22:00:00+09:00"])
def test_an_expiration_as_the_cli_prints_it_is_understood(text):
    said = everything_said(
        picture(credentials=json.loads(json.dumps({**credentials(Expiration=text)})))
    )
    assert "2026-07-2613:00:00UTC" in said


def test_given_axes_are_used_with_smaller_letters():
    figure, axes = plt.subplots(1, 2, figsize=(10, 4))
    ax = picture(ax=axes[1])
    assert ax is axes[1]
    usual = {t.get_fontsize() for t in picture().texts}
    assert max(t.get_fontsize() for t in ax.texts) < min(usual)


@pytest.mark.parametrize("part", list(credentials()))
def test_a_missing_part_is_named(part):
    broken = {name: value for name, value in credentials().items() if name != part}
    with pytest.raises(ValueError, match=part):
        picture(credentials=broken)


@pytest.mark.parametrize(
    ("other", "named"),
    [
        pytest.param({"credentials": None}, "NoneType", id="a refused call"),
        pytest.param({"now": datetime(2026, 7, 26)}, "now is naive", id="naive now"),
        pytest.param(
            {"credentials": credentials(Expiration=datetime(2026, 7, 26))},
            "Expiration is naive",
            id="naive Expiration",
        ),
        pytest.param(
            {"credentials": credentials(Expiration="soon")}, "Expiration is no date", id="no date"
        ),
    ],
)
def test_what_is_wrong_is_named_without_a_secret(other, named):
    with pytest.raises(ValueError, match=named) as caught:
        picture(**other)
    assert SECRET not in str(caught.value) and TOKEN not in str(caught.value)
