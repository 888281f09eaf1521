"""The sub-commands `decide` and `lint`: reading, printing and exit statuses.

What they say is worked out in labhelpers.policy, which does no I/O.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from labhelpers.terminal import show_anything

if TYPE_CHECKING:  # every command loads this file, and only two need the policy room
    from labhelpers.policy import PolicyError

_DECIDE = """\
Read requests with their policies, one JSON object a line, and print one outcome a line:
Allowed, ImplicitlyDenied or ExplicitlyDenied. A line that holds no request gets an error with
its number on standard error; the others are answered all the same, and the exit status is 1.
Empty lines are skipped.

fields of a line (only action and principal are needed):
  action                     one action, e.g. "sts:AssumeRole"
  resource                   one ARN; left out: "*"
  resource_account           12 digits; needed where the ARN has no account and the caller is
                             not of the resource's account
  principal                  who calls, see below
  context                    condition key -> value or list of values; keys in any case
  identity_policies          list
  resource_policy            one; for sts:AssumeRole* on a role this is its trust policy
  permissions_boundaries     list; every one must allow
  session_policies           list; empty: none was passed
  service_control_policies   list of levels, root first; a level is a list of policies
  resource_control_policies  likewise
A policy is an object or its JSON text, or {"name": ..., "document": ...}. A field that is null
counts as left out.

principal is one of
  arn:aws:iam::111122223333:user/anna                a user
  arn:aws:iam::111122223333:role/app                 some session of a role
  arn:aws:sts::111122223333:assumed-role/app/s1      a role session
  arn:aws:sts::111122223333:federated-user/fred      a federated user
  arn:aws:iam::111122223333:root, or 111122223333    the root user
  ec2.amazonaws.com                                  a service
  arn:aws:iam::111122223333:oidc-provider/... or accounts.google.com   a web identity
  arn:aws:iam::111122223333:saml-provider/...        a SAML identity
  "anonymous", "*" or null                           nobody that AWS knows
or an object with "arn" or "type" (user, role-session, root, federated-user, service,
web-identity, saml, anonymous), and as far as known "account", "name", "unique_id" (AIDA...,
AROA...), "role_arn" (a session's role with its path), "user_arn" (the user behind a federated
user) and "tags" (they become aws:PrincipalTag keys).

filled in where the context lacks them: aws:PrincipalArn, aws:PrincipalAccount,
aws:PrincipalType, aws:userid, aws:username, aws:PrincipalIsAWSService,
aws:PrincipalServiceName, aws:CurrentTime, aws:EpochTime, aws:ResourceAccount,
aws:RequestedRegion (the ARN's) and aws:ViaAWSService. A key that is null stays absent. Not
filled in, as nothing tells them: aws:SecureTransport, aws:SourceIp,
aws:MultiFactorAuthPresent, aws:TokenIssueTime and all others.
"""

_LINT = """\
Print what AWS would refuse about policy documents and what they say without meaning it, each
with line and column, the reason and another way to write it. Exit status 1 where there are
errors, 2 where a file cannot be read.
"""
_KINDS = ("identity", "trust", "resource", "session", "boundary", "scp", "rcp")


def add_commands(commands: argparse._SubParsersAction) -> None:
    """Add the sub-commands to argparse's sub-parsers; each sets `run`."""
    raw = argparse.RawDescriptionHelpFormatter
    decide = commands.add_parser(
        "decide",
        help="decide requests read as JSON lines",
        description=_DECIDE,
        formatter_class=raw,
    )
    decide.add_argument("file", nargs="?", default="-", help="JSON lines; - (default): stdin")
    decide.add_argument("--explain", action="store_true", help="say why after each outcome")
    decide.set_defaults(run=_decide)
    lint = commands.add_parser("lint", help="find defects in policy documents", description=_LINT)
    lint.add_argument("files", nargs="+", metavar="FILE", help="a JSON document; -: stdin")
    lint.add_argument("--kind", choices=_KINDS, help="default: guessed from the content")
    lint.set_defaults(run=_lint)


def _decide(options: argparse.Namespace) -> int:
    """Exit status 0; 1 if a line held no request; 2 if the file cannot be read."""
    from labhelpers.policy import PolicyError, decide_line, explain

    show_anything()
    status = 0
    try:
        for number, raw in _lines(options.file):
            try:
                decision = decide_line(raw.decode("utf-8-sig"))
            except (PolicyError, UnicodeDecodeError) as error:
                print(end="", flush=True)
                print(f"line {number}: {_problem(error)}", file=sys.stderr, flush=True)
                status = 1
                continue
            print(decision.outcome)
            if options.explain:
                told = explain(decision)
                print(_indented(f"{told}\n{told.table}"))
        print(end="", flush=True)
    except OSError as error:
        return _unreadable("decide", options.file, error)
    return status


def _indented(text: str) -> str:
    """Indent sentences, statements and steps under their outcome."""
    return "".join(f"  {line}\n" for line in text.split("\n"))


def _lines(name: str) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not empty, with their numbers from 1."""
    stream = sys.stdin.buffer if name == "-" else open(name, "rb")  # noqa: SIM115
    with stream:
        for number, raw in enumerate(stream, 1):
            if raw.strip():
                yield number, raw


def _problem(error: PolicyError | UnicodeDecodeError) -> str:
    """Say what is wrong, where, and what to do, in one line."""
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start + 1} is no UTF-8. Save the file as UTF-8."
    where = f"{error.path}: " if error.path else ""
    message = f"{error}".rstrip(".")
    return " ".join(f"{where}{message}. {error.hint}".split())


def _unreadable(command: str, name: str, error: OSError) -> int:
    if isinstance(error, BrokenPipeError):
        # Whoever read our output has gone; the interpreter must not write to it again.
        sys.stdout = None
        return 1
    print(f"labhelpers {command}: {Path(name)}: {error.strerror or error}", file=sys.stderr)
    return 2


def _lint(options: argparse.Namespace) -> int:
    from labhelpers.policy import lint

    show_anything()
    errors = 0
    for name in options.files:
        try:
            raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
            text = raw.decode("utf-8-sig")
        except OSError as error:
            return _unreadable("lint", name, error)
        except UnicodeDecodeError as error:
            print(f"{name}: {_problem(error)}")
            errors += 1
            continue
        for finding in lint(text, options.kind or ""):
            print(f"{name}:{finding}")
            errors += finding.severity == "error"
    return 1 if errors else 0
