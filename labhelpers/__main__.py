"""Command line: python -m labhelpers serve | decide | lint | audit | sweep | compare."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from labhelpers.account.command import add_sweep
from labhelpers.audit_command import add_audit
from labhelpers.compare.command import add_compare
from labhelpers.policy_commands import add_commands


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m labhelpers", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="run the sandbox for the AWS CLI, Terraform, SDKs")
    serve.add_argument("--port", type=int, default=0, help="default: any free port")
    serve.add_argument("--account", default=None, help="12 digits; whose administrator to print")
    add_commands(commands)
    add_audit(commands)
    add_sweep(commands)
    add_compare(commands)
    options = parser.parse_args(arguments)
    if options.command == "serve":
        return _serve(options.port, options.account)
    return options.run(options)


def _serve(port: int, account_id: str | None) -> int:
    """Serve until Ctrl-C or SIGTERM. Exit status 0, or 2 with one line for a wrong argument."""
    from labhelpers.lab import LabError, open_lab

    try:
        lab = open_lab("sandbox", port=port)
        session = lab.session(account_id)
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


def _how_to_use(lab, session) -> str:
    keys = session.get_credentials()
    return f"""The STS lab's sandbox listens on {lab.endpoint_url}, on this machine only.
Ctrl-C ends it.

In another shell, as the administrator of an account of the sandbox:

export AWS_ENDPOINT_URL={lab.endpoint_url}
export AWS_ACCESS_KEY_ID={keys.access_key}
export AWS_SECRET_ACCESS_KEY={keys.secret_key}
export AWS_DEFAULT_REGION={lab.region}
export AWS_REGION={lab.region}
unset AWS_SESSION_TOKEN AWS_PROFILE

aws sts get-caller-identity"""


if __name__ == "__main__":
    sys.exit(main())
