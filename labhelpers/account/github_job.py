"""A real GitHub Actions job as the lesson's CI/CD: its own ID tokens in place of the lab's.

AWS fetches an issuer's keys from the internet, so the lab's own issuers cannot vouch there. A job
with `permissions: id-token: write` can ask GitHub for a token; then the repository that it runs
for plays our-org/shop. Source: GitHub Docs, "OpenID Connect reference".
"""

from __future__ import annotations

import base64
import json
import os
import re
import urllib.request
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote

from labhelpers.account.names import Names
from labhelpers.errors import LabError, SandboxOnly

if TYPE_CHECKING:
    from labhelpers.account.mirror import Mirror

URL = "https://token.actions.githubusercontent.com"
SHOP = "our-org/shop"
#: OWNER/NAME; in repositories made since July 2026 each part has an id: OWNER@1/NAME@2.
_SUBJECT = re.compile(r"repo:([^:/\s]+/[^:/\s]+):\S+")
_NO_ISSUER = (
    "AWS fetches an issuer's keys from the internet, where the lab's issuer is not. (In a GitHub "
    "Actions job with the permission id-token: write, GitHub's own tokens are used.)"
)
_OTHER_FORM = "The tokens of this job have an issuer or a subject of a form of their own."


class GitHubJob:
    """GitHub's issuer as this job reaches it, with the interface of the lab's IdentityProvider.

    `mirror` gets a token of the lab's own issuer with the same claims for each of GitHub's, to
    know what to expect of it.
    """

    url, name = URL, URL.removeprefix("https://")

    def __init__(
        self, address: str, bearer: str, names: Names, mirror: Mirror | None = None
    ) -> None:
        self._address, self._bearer = address, bearer
        self._names, self._mirror = names, mirror

    def __repr__(self) -> str:
        return f"GitHubJob({self.url})"

    def github_actions(
        self, repository: str = "octo-org/octo-repo", ref: str = "refs/heads/main", **more: Any
    ) -> str:
        """A token of this very job. Raises SandboxOnly for claims that it does not make."""
        from labhelpers.sandbox.federation.github import github_claims

        wanted, usual = github_claims(repository, ref, **more), github_claims(repository, ref)
        token = self._token(wanted["aud"])
        said = self._in_lesson(claims_of(token))
        asked = [name for name in wanted if wanted[name] != usual.get(name)]
        for claim in ("repository", "ref", *asked, "sub"):
            if said.get(claim) != wanted[claim]:
                raise SandboxOnly(
                    f"GitHub does not vouch for {claim}={wanted[claim]!r} in this job."
                )
        if self._mirror is not None:
            self._teach(self._mirror, token, said)
        return token

    def repository(self) -> str:
        """The repository that this job runs for, as the subject of its tokens spells it."""
        said = claims_of(self._token("sts.amazonaws.com"))
        subject = _SUBJECT.fullmatch(str(said.get("sub")))
        if said.get("iss") != URL or subject is None:
            raise SandboxOnly(_OTHER_FORM)
        return subject[1]

    def _in_lesson(self, claims: Mapping[str, Any]) -> dict[str, Any]:
        """The claims as the lesson knows them: of our-org/shop."""
        plain = {k: self._names.lesson(v) if k == "sub" else v for k, v in claims.items()}
        own, _, name = self._names.repository.partition("/")
        if claims.get("repository") == f"{own.partition('@')[0]}/{name.partition('@')[0]}":
            plain["repository"] = SHOP
        return plain

    def _teach(self, mirror: Mirror, token: str, claims: Mapping[str, Any]) -> None:
        """Let a token of the mirror's own GitHub stand there for this one, part by part."""
        twin = mirror.sandbox.identity_provider(URL).sign(claims)
        mirror.learn("", {"Token": token.split(".")}, {"Token": twin.split(".")})

    def _token(self, audience: str) -> str:
        sign = "&" if "?" in self._address else "?"
        request = urllib.request.Request(
            f"{self._address}{sign}audience={quote(audience, safe='')}",
            headers={"Authorization": f"bearer {self._bearer}"},
        )
        try:
            with _OPENER.open(request, timeout=30) as answer:
                token = json.load(answer)["value"]
            claims_of(token)
        except HTTPError as error:
            error.close()
            raise LabError(f"GitHub gave this job no token: HTTP {error.code}.") from None
        except (URLError, TimeoutError) as error:
            why = getattr(error, "reason", error)
            raise LabError(f"GitHub gave this job no token: {why}.") from None
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            raise LabError("GitHub's answer to this job holds no token.") from None
        return token

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # whoever looks for a method of Python's own
            raise AttributeError(name)
        raise SandboxOnly("GitHub signs only what is true of this job.")


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect, which would carry the bearer token elsewhere."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_Stay)


def github_job(
    url: str,
    names: Names,
    environ: Mapping[str, str] | None = None,
    mirror: Mirror | None = None,
) -> GitHubJob:
    """This process's job, if it is one of GitHub Actions. Raises SandboxOnly otherwise."""
    env = os.environ if environ is None else environ
    address = env.get("ACTIONS_ID_TOKEN_REQUEST_URL")
    bearer = env.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    if url != URL or not address or not bearer:
        raise SandboxOnly(_NO_ISSUER)
    job = GitHubJob(address, bearer, names, mirror)
    names.repository = job.repository()
    return job


def claims_of(token: str) -> dict[str, Any]:
    """What a token says; nobody has checked its signature here."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=="))
