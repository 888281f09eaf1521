"""What the README shows and says is what the code draws and does.

After a change of the chart: LAB_UPDATE=1 pytest tests/test_readme.py
"""

import io
import json
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
        assert (ROOT / target.partition("#")[0]).exists(), target


#: What the README's outcome table has to teach.
CONCEPTS = """
What STS is
Why: no distributed keys
Why: automatic expiry and rotation
Why: several accounts
Why: least privilege
Why: federation with SSO
Why: federation with OAuth/OIDC
AssumeRole, step 1: request
AssumeRole, step 2: trust policy
AssumeRole, step 3: three credentials
AssumeRole, step 4: use
AssumeRole, step 5: expiry
Use: cross-account access
Use: CI/CD
Use: workloads
Use: temporary elevation
The Terraform example
Practice: temporary instead of long-lived keys
Practice: least privilege on the role
Practice: narrow trust policy
Practice: fitting session length
Practice: external ID
Practice: watching with CloudTrail
""".strip().splitlines()


def test_every_concept_has_a_section():
    assert re.findall(r"^\| ([^|]+) \| \[\d\d · ", README, re.MULTILINE) == CONCEPTS


def headings(path) -> set[str]:
    cells = json.loads(path.read_text())["cells"]
    text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    return set(re.findall(r"^#{2,} (.+)$", text, re.MULTILINE))


def test_every_section_that_it_names_exists():
    """A label is the notebook's number and the heading; the anchor is Jupyter's form of it."""
    links = re.findall(r"\[(\d\d) · ([^]]+)\]\((notebooks/(\d\d)\S+?)#(\S+)\)[ <]", README)
    assert len(links) == README.count(".ipynb#") >= len(CONCEPTS)
    for number, heading, notebook, prefix, anchor in links:
        assert number == prefix
        assert heading in headings(ROOT / notebook), f"{notebook} has no section {heading!r}"
        assert anchor == heading.replace("`", "").replace(" ", "-")


def test_minutes_are_the_notebooks_own():
    for path, minutes in re.findall(r"\((notebooks/\S+\.ipynb)\) \| (\d+) \|", README):
        assert f"**Time:** {minutes} minutes" in (ROOT / path).read_text(), path


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


STS = re.compile(r"(<!-- STS: .*? -->).*?(<!-- end -->)")


def not_modelled_of_sts():
    """By botocore's model of STS and the tables that decide what is refused."""
    from labhelpers.sandbox.interpret.models import service_model
    from labhelpers.sandbox.interpret.sts.operations import NOT_MODELLED, READERS

    model, told = service_model("sts"), []
    for name in model.operation_names:
        shape = model.operation_model(name).input_shape
        if name not in READERS:
            told.append(f"`{name}`")
            continue
        left = " and ".join(f"`{member}`" for member in shape.members if member in NOT_MODELLED)
        if left:
            told.append(f"{left} of `{name}`")
        assert f"`{name}`" in README, f"The README does not name {name}."
    return ", ".join(told)


def test_what_is_not_modelled_of_sts_is_what_is_refused():
    wanted = STS.sub(lambda m: m[1] + not_modelled_of_sts() + m[2], README)
    if os.environ.get("LAB_UPDATE"):
        (ROOT / "README.md").write_text(wanted)
    else:
        assert wanted == README, "LAB_UPDATE=1 pytest tests/test_readme.py"


#: What a sentence of the lab is about, in the README's table.
SANDBOX_ONLY = {
    "clock cannot be moved": "moving the clock",
    "organization": "an organization",
    "cannot be made to come from": "a chosen address",
    "CloudTrail": "CloudTrail at once",
    "one more account": "a third account",
    "root user": "the root user",
    "where the lab's issuer is not": "the lab's OIDC providers",
    "carries the lab's limits": "a policy without room for the fence",
    "a real directory": "SAML",
    "instance's metadata": "instance metadata",
    "task's credentials": "container credentials",
    "Another process": "other processes",
    "port to the world": "a port open to the world",
    "public bucket": "a public bucket",
    "s3:DeletePublicAccessBlock": "a public bucket",
    "sts:GetScopedCredentials": "scoped credentials",
    "GetSessionToken would hand out": "your own session",
    "no bucket to the public": "a public bucket",
    "strangers' tokens": "roles open to strangers' tokens",
    "on a real account": "what is not made on a real account",
}
MARKS = re.compile(r"(<!-- lessons: .*? -->\n).*?(<!-- end of lessons -->)", re.DOTALL)


def lessons_table():
    """From what the lessons did on the served AWS (labhelpers/account/lessons.json)."""
    from labhelpers.account.plan import lessons

    lines = ["| | steps on AWS | in the sandbox only |", "|---|---|---|"]
    for number, lesson in sorted(lessons().items()):
        left = {}
        for why, count in lesson["left out"].items():
            label = next(label for words, label in SANDBOX_ONLY.items() if words in why)
            left[label] = left.get(label, 0) + count
        told = ", ".join(f"{label} ({count})" for label, count in sorted(left.items()))
        ran, all_ = lesson["ran"], lesson["ran"] + sum(left.values())
        lines.append(f"| {number} | {ran} of {all_} | {told} |")
    return "\n".join(lines) + "\n"


def test_the_table_of_lessons_on_aws_is_what_they_did():
    wanted = MARKS.sub(lambda m: m[1] + lessons_table() + m[2], README)
    if os.environ.get("LAB_UPDATE"):
        (ROOT / "README.md").write_text(wanted)
    else:
        assert wanted == README, "LAB_UPDATE=1 pytest tests/test_readme.py"
