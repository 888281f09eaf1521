"""What the README shows and says is what the code draws and does.

After a change of the chart: LAB_UPDATE=1 pytest tests/test_readme.py
"""

import io
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PICTURE = ROOT / "notebooks" / "images" / "session_lifetimes.svg"
MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def record(role, caller, name, start, hours, maximum=1, chained=False):
    issued = MORNING + timedelta(hours=start)
    return {
        "session_name": name,
        "role_arn": f"arn:aws:iam::111122223333:role/{role}",
        "caller_arn": caller,
        "issued": issued,
        "expires": issued + timedelta(hours=hours),
        "chained": chained,
        "max_session_duration": maximum * 3600,
    }


def drawn() -> bytes:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from labhelpers import charts

    user = "arn:aws:iam::111122223333:user/{}".format
    pipeline = "arn:aws:sts::111122223333:assumed-role/pipeline/deploy-42"
    sessions = [
        record("reports-reader", user("alice"), "alice-morning", 0, 1),
        record("reports-reader", user("auditor"), "case-17", 0.5, 0.25),
        record("pipeline", user("deploy-bot"), "deploy-42", 1, 4, maximum=4),
        record("production", pipeline, "deploy-42", 1.75, 1, maximum=4, chained=True),
        record("reports-reader", user("alice"), "alice-noon", 2, 1),
    ]
    settings = {"svg.hashsalt": "sts-lab"}
    with matplotlib.rc_context(settings):
        figure = charts.lifetimes(sessions, now=MORNING + timedelta(hours=2.25)).figure
        picture = io.BytesIO()
        figure.savefig(picture, format="svg", metadata={"Date": None}, facecolor="white")
        plt.close(figure)
    return picture.getvalue()


def test_the_picture_is_what_the_code_draws():
    if os.environ.get("LAB_UPDATE"):
        PICTURE.write_bytes(drawn())
    assert PICTURE.read_bytes() == drawn()


def test_every_file_that_it_names_exists():
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", README):
        assert (ROOT / target).exists(), target


def test_every_notebook_is_in_its_table():
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        assert f"(notebooks/{path.name})" in README


def test_its_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"\bmake (\w+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_its_python_runs(capsys):
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
    space = {}
    exec(compile(code, "README.md", "exec"), space)
    lab = space["lab"]
    got = lab.attempt(
        lab.client("sts").assume_role,
        RoleArn="arn:aws:iam::111122223333:role/nobody",
        RoleSessionName="me",
    )
    lab.close()
    assert got.outcome == "ImplicitlyDenied"
