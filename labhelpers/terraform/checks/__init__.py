"""Findings: every check looks at one thing and says what is wrong, why, and what to write.

auditing goes through the checks, each of which sees a view (the configuration, its access, where
things are written) and yields findings; strengths tells what is right already.
"""

from labhelpers.terraform.checks.auditing import audit

__all__ = ["audit"]
