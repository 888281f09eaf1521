"""What became of one call: IAM's decision, the service's words, and in the sandbox the reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import Any

from labhelpers.policy import ALLOWED, IMPLICITLY_DENIED

#: Error codes that are a refusal by IAM, by the signature check or by a limit of the API.
REFUSAL_CODES = frozenset(
    (
        "AccessDenied",
        "AccessDeniedException",
        "AuthFailure",
        "AuthorizationError",
        "AuthorizationHeaderMalformed",
        "AuthorizationQueryParametersError",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
        "403",
    )
)


@dataclass(frozen=True)
class Outcome:
    """The result of `lab.attempt(...)`.

    `outcome` is what IAM decided: Allowed, ImplicitlyDenied or ExplicitlyDenied. A call that
    never reached the policies (bad keys, expired token, malformed parameters) was allowed by
    nobody: ImplicitlyDenied, with `blocked_by` "authentication", "request" or "client".
    `code` and `message` are the service's error, "" when it answered. A call that IAM allowed
    can still fail for another reason: then `outcome` is Allowed and `code` says why.
    `reason` explains a refusal (sandbox only), `response` is the answer, None without one.
    """

    outcome: str
    action: str
    code: str = ""
    message: str = ""
    blocked_by: str | None = None
    reason: str = ""
    response: dict[str, Any] | None = field(default=None, repr=False)
    explanation: Any = field(default=None, repr=False, compare=False)

    @property
    def allowed(self) -> bool:
        """Whether IAM let the call through."""
        return self.outcome == ALLOWED

    @property
    def succeeded(self) -> bool:
        """Whether IAM let it through and the service answered without an error."""
        return self.allowed and not self.code

    def __str__(self) -> str:
        head = f"{self.outcome}: {self.action}"
        if self.blocked_by:
            head += f"  (blocked by: {self.blocked_by})"
        lines = [head]
        if self.code:
            lines.append(f"  the service says: {self.code}: {self.message}")
        if self.reason:
            lines.append(f"  why: {self.reason}")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """A table; the classes keep MathJax from reading `${aws:username}` as a formula."""
        mark = {ALLOWED: "✓", IMPLICITLY_DENIED: "✗"}.get(self.outcome, "⊘")
        rows = [("Outcome", f"<b>{mark} {escape(self.outcome)}</b>")]
        rows.append(("Call", f"<code>{escape(self.action)}</code>"))
        if self.blocked_by:
            rows.append(("Blocked by", escape(self.blocked_by)))
        if self.code:
            said = f"<code>{escape(self.code)}</code> {escape(self.message)}"
            rows.append(("The service says", said))
        if self.reason:
            rows.append(("Why", escape(self.reason).replace("\n", "<br>")))
        cells = "".join(
            f'<tr><th style="text-align:left;vertical-align:top;white-space:nowrap">{name}</th>'
            f'<td style="text-align:left;overflow-wrap:anywhere">{value}</td></tr>'
            for name, value in rows
        )
        return f'<div class="tex2jax_ignore mathjax_ignore"><table>{cells}</table></div>'
