"""What answers instead of AWS: a captive portal, a proxy's login page. Nothing counts as done."""

import pytest
from botocore.awsrequest import AWSResponse
from leaving import HERE, NUMBER

from labhelpers import open_lab
from labhelpers.__main__ import main
from labhelpers.account import learner
from labhelpers.account.cleanup.survey import Survey
from labhelpers.account.state.journal import journals
from labhelpers.errors import LabError

PAGES = {"page": b"<html><body>Sign in</body></html>", "torn": b"<html><br>Sign", "empty": b""}


class Raw:
    def __init__(self, body):
        self.body = body

    def stream(self, *_, **__):
        yield self.body

    def read(self, *_):
        body, self.body = self.body, b""
        return body


@pytest.fixture
def portal(copied, monkeypatch):
    """portal(body) answers everything from then on, None lets AWS answer."""
    bodies = [None]

    def answer(request, **_):
        if bodies[-1] is not None:
            headers = {"content-type": "text/html"}
            return AWSResponse(request.url, 200, headers, Raw(bodies[-1]))
        return None

    real = learner.opened

    def opened(*given):
        session = real(*given)
        session.register("before-send", answer)
        return session

    monkeypatch.setattr(learner, "opened", opened)
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    return bodies.append


@pytest.mark.parametrize("body", PAGES.values(), ids=PAGES)
def test_close_sweep_and_opening_say_what_answered(copied, portal, capsys, body):
    before = copied.contents()
    lab = open_lab()
    lab.client("iam").create_user(UserName="anna")
    lab.client("s3").create_bucket(Bucket="papers", **HERE)
    there = copied.contents()
    portal(body)
    with pytest.raises(LabError, match=r"^Not removed: .*no answer of AWS's.*lab.close\(\)"):
        lab.close()
    assert main(["sweep"]) == 2
    said = capsys.readouterr().err
    assert "no answer of AWS's" in said and "Open any web page" in said and said.count("\n") == 1
    with pytest.raises(LabError, match="no answer of AWS's"):
        open_lab()
    assert copied.contents() == there and [one.run for one in journals()] == [lab._marks.run]
    portal(None)
    lab.close()
    assert copied.contents() == before and list(journals()) == []


@pytest.mark.parametrize("body", PAGES.values(), ids=PAGES)
def test_a_deletion_that_nobody_has_answered_is_none(copied, portal, monkeypatch, body):
    """The portal comes when everything was seen."""
    before = copied.contents()
    lab = open_lab()
    lab.client("iam").create_group(GroupName="team")
    lab.client("s3").create_bucket(Bucket="papers", **HERE)
    there, things = copied.contents(), Survey.things

    def then(survey):
        found = things(survey)
        portal(body)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(Survey, "things", then)
        with pytest.raises(LabError, match="Not removed: group .*bucket .*no answer of AWS's"):
            lab.close()
    assert copied.contents() == there and len(list(journals())) == 1
    portal(None)
    lab.close()
    assert copied.contents() == before and NUMBER in before
