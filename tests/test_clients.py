"""A small sample of `make check WHAT=clients`: the clients that are here without a download."""

import shutil
import subprocess
import sys
from dataclasses import replace

import check_clients
import pytest
from clients import programmers
from clients.client import Client, Done, NotToBeHad, Thing, do
from clients.installing import here
from clients.people import people


@pytest.fixture(scope="module")
def lab():
    from labhelpers import open_lab

    with open_lab("sandbox") as opened:
        yield opened


@pytest.fixture(scope="module")
def who(lab, tmp_path_factory):
    return people(lab, tmp_path_factory.mktemp("people"))


#: A few of the ten: each is a process that begins by importing its client.
SAMPLE = {
    "boto3": ("instance", "web identity token file", "object with metadata, and parts"),
    "AWS CLI v1": ("container", "wrong external ID", "not modelled, REST-XML"),
}


@pytest.mark.parametrize("name", SAMPLE)
def test_some_of_the_ten_things(who, tmp_path, name):
    """A process knows nothing but its environment."""
    client = next(one for one in check_clients.CLIENTS if one.name == name)
    chosen = tuple(thing for thing in client.things if thing.name in SAMPLE[name])
    client = replace(client, things=chosen)
    if name == "boto3":
        installed = client.install(tmp_path / "none")
    else:
        aws = shutil.which("aws")
        said = subprocess.run([aws, "--version"], capture_output=True, text=True) if aws else None
        if said is None or not said.stdout.startswith("aws-cli/1."):
            pytest.skip("there is no AWS CLI v1 on PATH")
        installed = here(("/bin/sh", "-c"), said.stdout.split()[0])(tmp_path)
    done = list(do(client, installed, who, tmp_path / "work"))
    assert {one.thing.name: one.words for one in done if one.words} == {}
    assert len(done) == 3


def test_every_client_does_ten_things_at_a_version_of_its_own():
    names = [one.name for one in check_clients.CLIENTS]
    assert len(names) == len(set(names)) == 14
    for client in check_clients.CLIENTS:
        assert len({thing.name for thing in client.things}) == len(client.things) == 10, client.name


def test_what_cannot_be_had_is_said(tmp_path, capsys):
    """And does not count as passed."""

    def nowhere(folder):
        raise NotToBeHad("it comes from nowhere")

    client = Client("vapour", nowhere, programmers.BOTO3)
    assert check_clients.tried(client, tmp_path) is False
    assert capsys.readouterr().out == "| vapour | | not tried | it comes from nowhere |\n"


def test_what_went_otherwise_is_told(who, tmp_path):
    """An error that should not be, one that should and is not, and words that are not there."""
    things = (
        Thing("good", "una", "print('yes')", "yes"),
        Thing("fault", "una", "raise SystemExit('a | fault')", "fault"),
        Thing("no refusal", "una", "print('let in')", "let in", fails=True),
        Thing("other words", "una", "print('no')", "yes"),
        Thing("silence", "una", "", "yes"),
    )
    client = Client("c", here((sys.executable, "-c"), "1"), things)
    done = list(do(client, client.install(tmp_path), who, tmp_path / "work"))
    words = ["", "a | fault", "let in", "no", "nothing, status 0"]
    assert [one.words for one in done] == words
    told = check_clients.row(client, "1", done)
    assert told.startswith("| c | 1 | 1 of 5 | good; **fault:** a \\| fault; ")
    moved = [Done(things[0], "at http://127.0.0.1:4711/ it " + "failed " * 40)]
    assert ":4711" not in check_clients.row(client, "1", moved)
    refusal = "The sandbox does not model s3:Nothing yet"
    moved = [Done(things[0], f"trace {refusal}, so it refuses rather than guess. " + "x" * 200)]
    assert check_clients.row(client, "1", moved).endswith(f"**good:** {refusal} |")


def test_an_unknown_client_gets_the_choices(capsys):
    assert check_clients.main(["netscape"]) == 2
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and "Terraform" in said and "restic" in said
