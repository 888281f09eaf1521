"""What others have written and the lab installs: licences, and known vulnerabilities."""

import json
import re
from contextlib import nullcontext
from io import BytesIO
from unittest.mock import Mock

import check_supply
import licences


def test_the_list_of_licences_is_the_locks():
    """Of what is installed here; the rest is for other systems."""
    here = dict(re.findall(r"^\| ([a-z0-9._-]+) \| (.*?) ?\|$", licences.page(), re.MULTILINE))
    text = licences.PAGE.read_text()
    written = dict(re.findall(r"^\| ([a-z0-9._-]+) \| (.*?) ?\|$", text, re.MULTILINE))
    assert here.keys() == written.keys() and len(here) > 100
    different = {n: (said, written[n]) for n, said in here.items() if said and said != written[n]}
    assert not different, "python tests/licences.py writes it anew"


def test_every_licence_was_looked_at(monkeypatch):
    assert licences.refused() == []
    monkeypatch.setattr(licences, "ALLOWED", ("MIT",))
    assert any("BSD" in line for line in licences.refused())


def test_what_is_known_to_be_wrong_is_told(monkeypatch, capsys):
    def answer(request, timeout):
        queries = json.loads(request.data)["queries"]
        results = [
            {"vulns": [{"id": "X-1"}]} if q["package"]["name"] == "boto3" else {} for q in queries
        ]
        return nullcontext(BytesIO(json.dumps({"results": results}).encode()))

    monkeypatch.setattr(check_supply.urllib.request, "urlopen", answer)
    assert check_supply.main() == 1
    assert re.search(r"^boto3 \S+: X-1$", capsys.readouterr().out, re.MULTILINE)


def test_without_an_answer_nothing_was_checked(monkeypatch, capsys):
    monkeypatch.setattr(check_supply.urllib.request, "urlopen", Mock(side_effect=OSError("no way")))
    assert check_supply.main() == 3
    assert "NOT CHECKED for vulnerabilities: no way" in capsys.readouterr().out
