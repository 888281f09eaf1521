"""Scenes with identity providers: registered with IAM, and roles that trust them.

One scene serves all tests of a module: role names are made unique, the clock only moves on.
"""

from __future__ import annotations

from itertools import count

from scene import World

ISSUER = "https://token.actions.githubusercontent.com"
NAME = ISSUER.removeprefix("https://")
CLIENT = "sts.amazonaws.com"
SIGN_IN = "https://signin.aws.amazon.com/saml"


def federated(provider, actions, conditions=None, effect="Allow"):
    """One statement of a trust policy."""
    statement = {"Effect": effect, "Principal": {"Federated": provider}, "Action": actions}
    return {**statement, "Condition": conditions} if conditions else statement


class Site(World):
    """A world whose roles never meet a namesake."""

    def __init__(self, lab):
        super().__init__(lab)
        self._numbers = count(1)

    def role(self, name, *trust, **more):
        return super().role(f"{name}-{next(self._numbers)}", *trust, **more)


class WebWorld(Site):
    """One issuer, registered in the lab's account, and roles behind it."""

    def __init__(self, lab, url=ISSUER):
        super().__init__(lab)
        self.idp = lab.identity_provider(url)
        self.arn = self.register(self.idp)

    def register(self, idp, clients=(CLIENT,), account=None):
        answer = self.iam(account).create_open_id_connect_provider(
            Url=idp.url, ClientIDList=list(clients)
        )
        return answer["OpenIDConnectProviderArn"]

    def behind(self, name, conditions=None, more_actions=(), **more):
        """A role for every subject of these tests: IAM wants a condition on GitHub's sub."""
        actions = ["sts:AssumeRoleWithWebIdentity", *more_actions]
        anybody = {"StringLike": {f"{self.idp.name}:sub": ["repo:*", "x*", "some*"]}}
        conditions = {**anybody, **(conditions or {})}
        return self.role(name, federated(self.arn, actions, conditions), **more)

    def enter(self, role_arn, token, name="ci-job", **more):
        """The Outcome of AssumeRoleWithWebIdentity; boto3 does not sign the call."""
        call = self.lab.client("sts").assume_role_with_web_identity
        return self.lab.attempt(
            call, RoleArn=role_arn, RoleSessionName=name, WebIdentityToken=token, **more
        )


class SamlWorld(Site):
    """One SAML provider, registered in the lab's account, and roles behind it."""

    def __init__(self, lab):
        super().__init__(lab)
        self.idp = lab.saml_provider("https://idp.example.com/saml")
        answer = self.iam().create_saml_provider(
            Name="corp", SAMLMetadataDocument=self.idp.metadata
        )
        self.arn = answer["SAMLProviderArn"]

    def behind(self, name, conditions=None, more_actions=(), **more):
        actions = ["sts:AssumeRoleWithSAML", *more_actions]
        return self.role(name, federated(self.arn, actions, conditions), **more)

    def enter(self, role_arn, response, provider=None, **more):
        """The Outcome of AssumeRoleWithSAML; boto3 does not sign the call."""
        call = self.lab.client("sts").assume_role_with_saml
        return self.lab.attempt(
            call,
            RoleArn=role_arn,
            PrincipalArn=provider or self.arn,
            SAMLAssertion=response,
            **more,
        )
