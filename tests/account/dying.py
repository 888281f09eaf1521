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

    sys.path[:0] = [str(TESTS), str(TESTS.parent)]
    import moments  # noqa: F401


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
    from account_clock import make_waits_short
    from moments import after_each_create

    make_waits_short()
    after_each_create(lambda n: n == number and os.kill(os.getpid(), signal.SIGKILL))
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


if __name__ == "__main__":
    main()
