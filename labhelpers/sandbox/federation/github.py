"""The claims of a GitHub Actions token.

Source: GitHub Docs, "OpenID Connect reference", and tokens printed by real workflows (2026).
Repositories made, renamed or moved on github.com since 15 July 2026 have immutable ids in sub,
repo:OWNER@ID/REPO@ID:…; older ones until they opt in, and GitHub Enterprise Server, have not
(changelog of 2026-04-23; AWS_RECORDED G).
"""

from __future__ import annotations

import hashlib
import zlib
from datetime import date
from typing import Any

IMMUTABLE_SINCE = date(2026, 7, 15)


def github_claims(
    repository: str = "octo-org/octo-repo",
    ref: str = "refs/heads/main",
    *,
    aud: str = "sts.amazonaws.com",
    environment: str | None = None,
    event_name: str = "push",
    actor: str = "octocat",
    workflow: str = "deploy",
    workflow_file: str = "deploy.yml",
    visibility: str = "private",
    created: date | str = "2025-03-01",
    immutable_sub: bool | None = None,
    **claims: Any,
) -> dict[str, Any]:
    """Claims of one job of a workflow. All values but exp, iat and nbf are text, as GitHub's.

    `aud` is what aws-actions/configure-aws-credentials asks for; GitHub's own default is
    https://github.com/OWNER. `created` is the day on which the repository was made, renamed or
    moved: it decides how sub is written, unless `immutable_sub` says so (an older repository that
    opted in). The ids in sub are those of the claims repository_id and repository_owner_id.
    """
    owner, slash, name = repository.partition("/")
    if not (owner and slash and name):
        raise ValueError(f"{repository!r} is no repository: write OWNER/NAME.")
    ids = {text: str(zlib.crc32(text.encode()) % 10**9) for text in (actor, owner, repository)}
    sha = hashlib.sha1(f"{repository}@{ref}".encode(), usedforsecurity=False).hexdigest()
    path = f"{repository}/.github/workflows/{workflow_file}@{ref}"
    owner_id = str(claims.get("repository_owner_id", ids[owner]))
    repository_id = str(claims.get("repository_id", ids[repository]))
    if immutable_sub is None:
        immutable_sub = _day(created) >= IMMUTABLE_SINCE
    subject = f"{owner}@{owner_id}/{name}@{repository_id}" if immutable_sub else repository
    found: dict[str, Any] = {
        "sub": f"repo:{subject}:{_context(ref, environment, event_name)}",
        "aud": aud,
        "actor": actor,
        "actor_id": ids[actor],
        "base_ref": "",
        "check_run_id": "96193868770",
        "event_name": event_name,
        "head_ref": "",
        "job_workflow_ref": path,
        "job_workflow_sha": sha,
        "ref": ref,
        "ref_protected": "true" if ref == "refs/heads/main" else "false",
        "ref_type": "tag" if ref.startswith("refs/tags/") else "branch",
        "repository": repository,
        "repository_id": repository_id,
        "repository_owner": owner,
        "repository_owner_id": owner_id,
        "repository_visibility": visibility,
        "run_attempt": "1",
        "run_id": "32291736541",
        "run_number": "1",
        "runner_environment": "github-hosted",
        "sha": sha,
        "workflow": workflow,
        "workflow_ref": path,
        "workflow_sha": sha,
    }
    if environment is not None:
        found["environment"] = environment
    return found | claims


def _day(created: date | str) -> date:
    try:
        # A datetime is a date of its own kind, and compares with no other.
        return date.fromisoformat(str(created)[:10])
    except ValueError:
        raise ValueError(f"created={created!r} is no date: write e.g. '2026-09-01'.") from None


def _context(ref: str, environment: str | None, event_name: str) -> str:
    """The end of sub: an environment wins over the event, the event over the ref."""
    if environment is not None:
        return f"environment:{environment}"
    return "pull_request" if event_name == "pull_request" else f"ref:{ref}"
