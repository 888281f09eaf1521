"""Unmodified clients of AWS against a sandbox: ten things each, as a Markdown table.

    python tests/check_clients.py [NAME …] [--environments DIRECTORY] [--words]

Each client is installed at one version into a folder of its own (default .venv-clients), from the
package index, npm or Debian, and gets nothing but an environment with the lab's address. A client
that cannot be had is said, and the run then counts as one that did not pass; so does a thing that
went otherwise than it should. NAME is a part of a client's name, whatever its case; without one,
botocore also reads a refusal of every service that it knows.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import botocore

HERE = Path(__file__).parent
SERVICES = str(HERE / "sandbox" / "test_every_service.py")
sys.path.insert(0, str(HERE))

from clients import programmers, storage, tools  # noqa: E402
from clients.client import Client, Done, NotToBeHad, do  # noqa: E402
from clients.people import people  # noqa: E402

CLIENTS = (*programmers.CLIENTS, *storage.CLIENTS, *tools.CLIENTS)


def main(arguments: list[str]) -> int:
    """0 if every client could be had and did all that it should."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    default = HERE.parent / ".venv-clients"
    parser.add_argument("--environments", type=Path, default=default, metavar="DIRECTORY")
    parser.add_argument("--words", action="store_true", help="show what failing clients said")
    given = parser.parse_args(arguments)
    chosen = [
        one
        for one in CLIENTS
        if not given.names or any(name.lower() in one.name.lower() for name in given.names)
    ]
    if not chosen:
        print(f"No such client. There are: {', '.join(one.name for one in CLIENTS)}")
        return 2
    print("| Client | Version | As on AWS | What was tried; what went otherwise |")
    print("|---|---|---|---|", flush=True)
    went_well = [tried(one, given.environments, given.words) for one in chosen]
    if not given.names:
        went_well.append(every_service())
    return 0 if all(went_well) else 1


def tried(client: Client, environments: Path, words: bool = False) -> bool:
    """Whether all went well; prints the client's row."""
    from labhelpers import open_lab

    try:
        installed = client.install(environments.absolute() / _folder(client))
    except NotToBeHad as error:
        print(f"| {client.name} | | not tried | {error} |", flush=True)
        return False
    with tempfile.TemporaryDirectory() as folder, open_lab("sandbox") as lab:
        who = people(lab, Path(folder))
        done = list(do(client, installed, who, Path(folder, "work")))
    print(row(client, installed.version, done), flush=True)
    for one in done if words else ():
        if one.words:
            print(f"\n{client.name}, {one.thing.name}:\n{one.words[-3000:]}\n", file=sys.stderr)
    return not any(one.words for one in done)


def every_service() -> bool:
    """Whether botocore could read every refusal; prints a row."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", SERVICES]
    environ = os.environ | {"LAB_EVERY_SERVICE": "1"}
    ran = subprocess.run(command, env=environ, capture_output=True, text=True)
    counts = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|error)", ran.stdout)}
    good, total = counts.get("passed", 0), sum(counts.values())
    bad = "; ".join(re.findall(r"^FAILED \S+\[(.+?)\]", ran.stdout, re.MULTILINE)) or "none"
    told = f"a refusal of every service: wrong key, expired, denied, not modelled; otherwise: {bad}"
    print(f"| botocore | {botocore.__version__} | {good} of {total} | {told} |", flush=True)
    return ran.returncode == 0


def row(client: Client, version: str, done: list[Done]) -> str:
    good = [one.thing.name for one in done if not one.words]
    bad = [f"**{one.thing.name}:** {_short(one.words)}" for one in done if one.words]
    told = "; ".join([", ".join(good), *bad]) if good else "; ".join(bad)
    return f"| {client.name} | {version} | {len(good)} of {len(done)} | {told} |"


def _short(words: str) -> str:
    """The sandbox's own refusal, or the end of what a client said, without what differs from run
    to run, as a table's cell."""
    text = re.sub(r"\s+", " ", words).replace("|", "\\|")
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1", text)
    if refused := re.search(r"The sandbox does not model .{1,120}? yet", text):
        return refused[0]
    return text if len(text) <= 160 else "… " + text[-160:]


def _folder(client: Client) -> str:
    return re.sub(r"\W+", "-", client.name.lower())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
