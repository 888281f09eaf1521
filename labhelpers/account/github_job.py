"""A real GitHub Actions job as the lesson's CI/CD: its own ID tokens in place of the lab's.

AWS fetches an issuer's keys from the internet, so the lab's own issuers cannot vouch there. A job
with `permissions: id-token: write` can ask GitHub for a token; then the repository that it runs
for plays our-org/shop. Source: GitHub Docs, "OpenID Connect reference".
"""

from __future__ import annotations

import base64
import json
import os
import urllib.request
from collections.abc import Mapping
from typing import Any

from labhelpers.account.names import Names
from labhelpers.errors import SandboxOnly

URL = "https://token.actions.githubusercontent.com"
SHOP = "our-org/shop"
_NO_ISSUER = (
    "AWS fetches an issuer's keys from the internet, where the lab's issuer is not. (In a GitHub "
    "Actions job with the permission id-token: write, GitHub's own tokens are used.)"
)


class GitHubJob:
    """GitHub's issuer as this job reaches it, with the interface of the lab's IdentityProvider."""

    url, name = URL, URL.removeprefix("https://")

    def __init__(self, address: str, bearer: str) -> None:
        self._address, self._bearer = address, bearer

    def __repr__(self) -> str:
        return f"GitHubJob({self.url})"

    def github_actions(self, *, aud: str = "sts.amazonaws.com", **claims: Any) -> str:
        """A token of this very job. Raises SandboxOnly for claims that it does not make."""
        token = self._token(aud)
        said = claims_of(token)
        for claim, wanted in claims.items():
            found = SHOP if claim == "repository" else said.get(claim)
            if found != wanted:
                raise SandboxOnly(f"GitHub does not vouch for {claim}={wanted!r} in this job.")
        return token

    def repository(self) -> str:
        """The repository that this job runs for, OWNER/NAME."""
        return claims_of(self._token("sts.amazonaws.com"))["repository"]

    def _token(self, audience: str) -> str:
        sign = "&" if "?" in self._address else "?"
        request = urllib.request.Request(
            f"{self._address}{sign}audience={audience}",
            headers={"Authorization": f"bearer {self._bearer}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["value"]

    def __getattr__(self, name: str) -> Any:
        raise SandboxOnly("GitHub signs only what is true of this job.")


def github_job(url: str, names: Names, environ: Mapping[str, str] | None = None) -> GitHubJob:
    """This process's job, if it is one of GitHub Actions. Raises SandboxOnly otherwise."""
    env = os.environ if environ is None else environ
    address = env.get("ACTIONS_ID_TOKEN_REQUEST_URL")
    bearer = env.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    if url != URL or not address or not bearer:
        raise SandboxOnly(_NO_ISSUER)
    job = GitHubJob(address, bearer)
    names.repository = job.repository()
    return job


def claims_of(token: str) -> dict[str, Any]:
    """What a token says; nobody has checked its signature here."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=="))
