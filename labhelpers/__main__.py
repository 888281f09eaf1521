"""Command line: python -m labhelpers serve | decide | lint | audit | sweep | compare."""

from __future__ import annotations

import argparse
import gc
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Any

_COMMANDS = ("serve", "decide", "lint", "audit", "sweep", "compare")


def main(arguments: list[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(prog="python -m labhelpers", description=__doc__)
    if given and given[0] in _COMMANDS:
        shown = f"{{{','.join(_COMMANDS)}}}"
        commands = parser.add_subparsers(dest="command", required=True, metavar=shown)
        _add(given[:1], commands)
    else:
        commands = parser.add_subparsers(dest="command", required=True)
        _add(_COMMANDS, commands)
    options = parser.parse_args(given)
    return int(options.run(options))


def _add(names: Sequence[str], commands: Any) -> None:
    """Add commands to the sub-parsers. Spares start-up: what the others need is not imported."""
    if "serve" in names:
        _add_serve(commands)
    if "decide" in names or "lint" in names:
        from labhelpers.policy_commands import add_commands

        add_commands(commands)
    if "audit" in names:
        from labhelpers.audit_command import add_audit

        add_audit(commands)
    if "sweep" in names:
        from labhelpers.account.cleanup.command import add_sweep

        add_sweep(commands)
    if "compare" in names:
        from labhelpers.compare.command import add_compare

        add_compare(commands)


def _add_serve(commands: Any) -> None:
    serve = commands.add_parser("serve", help="run the sandbox for the AWS CLI, Terraform, SDKs")
    serve.add_argument("--port", type=int, default=0, help="default: any free port")
    serve.add_argument("--account", default=None, help="12 digits; whose administrator to print")
    serve.set_defaults(run=_serve)


def _serve(options: Any) -> int:
    """Serve until Ctrl-C or SIGTERM. Exit status 0, or 2 with one line for a wrong argument."""
    from labhelpers.lab import LabError, open_lab

    try:
        lab = open_lab("sandbox", port=options.port)
        session = lab.session(options.account)
    except LabError as error:
        print(f"labhelpers serve: {error}", file=sys.stderr)
        return 2
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    print(_how_to_use(lab, session), flush=True)
    stop.wait()
    lab.close()
    print("\nThe sandbox has stopped; nothing is left behind.")
    return 0


def _how_to_use(lab: Any, session: Any) -> str:
    keys = session.get_credentials()
    return f"""The STS lab's sandbox listens on {lab.endpoint_url}, on this machine only.
Ctrl-C ends it.

In another shell, as the administrator of an account of the sandbox:

export AWS_ENDPOINT_URL={lab.endpoint_url}
export AWS_ENDPOINT_URL_STS={lab.endpoint_url}
export AWS_ACCESS_KEY_ID={keys.access_key}
export AWS_SECRET_ACCESS_KEY={keys.secret_key}
export AWS_DEFAULT_REGION={lab.region}
export AWS_REGION={lab.region}
unset AWS_SESSION_TOKEN AWS_PROFILE

aws sts get-caller-identity"""


if __name__ == "__main__":
    status = main()
    # At its end Python looks for circles in all objects: a tenth of a short command's time.
    gc.freeze()
    sys.exit(status)
