"""Run a notebook in a process that dies at one of its creates, right after AWS has carried it out.

`python dying.py` imports everything once and then forks a child for each line that it reads:
NOTEBOOK NUMBER ENVIRONMENT-AS-JSON. It answers with the child's end: "killed", "done" (the
notebook has fewer creates) or "failed" and the error.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import nbformat

TESTS = Path(__file__).parent


def main() -> None:
    os.environ["MPLBACKEND"] = "agg"
    _import_everything()
    for line in sys.stdin:
        path, number, environ = line.rstrip("\n").split(" ", 2)
        print(_in_a_child(Path(path), int(number), json.loads(environ)), flush=True)


def _import_everything() -> None:
    import IPython.core.interactiveshell  # noqa: F401
    import matplotlib.pyplot  # noqa: F401
    import moto.iam.models  # noqa: F401
    import moto.s3.models  # noqa: F401

    import labhelpers.account.lab
    import labhelpers.lab  # noqa: F401


def _in_a_child(path: Path, number: int, environ: dict[str, str]) -> str:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.environ.clear()
        os.environ.update(environ)
        said = _run(path, number)
        os.write(writer, said.encode()[:4000])
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return "killed"
    return said.replace("\n", " ") or f"failed: status {status}"


def _run(path: Path, number: int) -> str:
    from IPython.core.interactiveshell import InteractiveShell

    os.chdir(path.parent)
    sys.path.insert(0, str(TESTS))
    from account_clock import make_waits_short

    make_waits_short()
    die_after(number)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    shell = InteractiveShell.instance()
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            result = shell.run_cell(cell.source)
            if not result.success:
                error = result.error_before_exec or result.error_in_exec
                return f"failed: {error!r} in {cell.source}"
    return "done"


def die_after(number: int) -> None:
    """Die when AWS has answered the create whose line was the `number`th in the journal."""
    from botocore.endpoint import Endpoint

    from labhelpers.account.journal import Journal

    noted, send, written = 0, Endpoint.make_request, Journal.about_to_create

    def note(self, *entry):
        nonlocal noted
        written(self, *entry)
        noted += 1

    def answer(self, *request):
        dies = noted == number
        found = send(self, *request)
        if dies:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    Journal.about_to_create, Endpoint.make_request = note, answer


if __name__ == "__main__":
    main()
