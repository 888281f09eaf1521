"""The claims of a GitHub Actions token.

Source: GitHub Docs, "OpenID Connect reference", and tokens printed by real workflows (2026).
Repositories made since 15 July 2026 put immutable ids into sub: repo:OWNER@ID/REPO@ID:….
"""

from __future__ import annotations

import hashlib
import zlib
from typing import Any


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
    immutable_sub: bool = False,
    **claims: Any,
) -> dict[str, Any]:
    """Claims of one job of a workflow. All values but exp, iat and nbf are text, as GitHub's.

    `aud` is what aws-actions/configure-aws-credentials asks for; GitHub's own default is
    https://github.com/OWNER. `immutable_sub` writes sub in the form of newer repositories.
    """
    owner, slash, name = repository.partition("/")
    if not (owner and slash and name):
        raise ValueError(f"{repository!r} is no repository: write OWNER/NAME.")
    ids = {text: str(zlib.crc32(text.encode()) % 10**9) for text in (actor, owner, repository)}
    sha = hashlib.sha1(f"{repository}@{ref}".encode(), usedforsecurity=False).hexdigest()
    path = f"{repository}/.github/workflows/{workflow_file}@{ref}"
    subject = f"{owner}@{ids[owner]}/{name}@{ids[repository]}" if immutable_sub else repository
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
        "repository_id": ids[repository],
        "repository_owner": owner,
        "repository_owner_id": ids[owner],
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


def _context(ref: str, environment: str | None, event_name: str) -> str:
    """The end of sub: an environment wins over the event, the event over the ref."""
    if environment is not None:
        return f"environment:{environment}"
    return "pull_request" if event_name == "pull_request" else f"ref:{ref}"
