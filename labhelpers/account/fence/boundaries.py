"""The boundary that users and roles of a run carry in each account, made at first need."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from labhelpers.account.creates import Marks
from labhelpers.account.fence.boundary import CEILING, boundary
from labhelpers.account.fence.owned import BOUNDARY
from labhelpers.account.names import PATH, PREFIX
from labhelpers.account.state.journal import Journal
from labhelpers.account.state.threads import Turns
from labhelpers.errors import LabError

#: Whoever may make users and roles with the ceiling only is refused these.
_BOUNDED = ("CreateRole", "CreateUser", "PutRolePermissionsBoundary", "PutUserPermissionsBoundary")
_CEILING = CEILING.rpartition("/")[2]
_NO_CEILING = (
    f"LAB_AWS_CEILING=1 says that this account's administrator has made the boundary {_CEILING}, "
    "and there is none: apply terraform/learner-permissions, or unset the variable."
)
_PERHAPS_A_CEILING = (
    "{said} If this account's administrator has applied terraform/learner-permissions, set "
    f"LAB_AWS_CEILING=1 and open the lab anew: there all users and roles carry {_CEILING}."
)


class Boundaries(dict):
    """Real account id -> ARN of the boundary: the run's own, or with `ceiling` the account's.

    `accounts` are those in which the run's identities may do something, `client(account, service)`
    asks as the learner.
    """

    def __init__(
        self,
        marks: Marks,
        journal: Journal,
        client: Callable[[str, str], Any],
        accounts: Iterable[str],
        ceiling: bool,
    ) -> None:
        super().__init__()
        self._marks, self._journal, self._client = marks, journal, client
        self._accounts, self._ceiling = tuple(accounts), ceiling
        self._turns = Turns()

    def __missing__(self, real: str) -> str:
        with self._turns:
            if real not in self:
                self[real] = CEILING.replace("*", real) if self._ceiling else self._made(real)
            return self[real]

    def _made(self, real: str) -> str:
        prefix = f"{PREFIX}{self._marks.run}-"
        name = prefix + BOUNDARY
        self._journal.about_to_create(real, "CreatePolicy", name)
        iam = self._client(real, "iam")
        try:
            made = iam.create_policy(
                PolicyName=name,
                Path=PATH,
                PolicyDocument=boundary(prefix, self._accounts),
                Description="What identities of the STS lab can do at most",
                Tags=self._marks.listed(),
            )
        except iam.exceptions.EntityAlreadyExistsException:  # made, but its answer was lost
            made = iam.get_policy(PolicyArn=f"arn:aws:iam::{real}:policy{PATH}{name}")
        self._journal.created(real, "CreatePolicy", name, made)
        return made["Policy"]["Arn"]

    def explain(self, operation: str, code: str, said: str) -> None:
        """Raises LabError where AWS has refused the learner something, in the words `said`, because
        LAB_AWS_CEILING is not what the account is."""
        if self._ceiling:
            if _CEILING in said:
                raise LabError(_NO_CEILING)
        elif code == "AccessDenied" and operation in _BOUNDED:
            raise LabError(_PERHAPS_A_CEILING.format(said=said.rstrip(".") + "."))
