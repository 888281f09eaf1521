"""The list of what may be asked: made of what is used, and of nothing else."""

import json
import re
import shutil
from pathlib import Path

from used import USED, allowed_text, is_noted, of_clients

from labhelpers import open_lab
from labhelpers.account.fence.allowed import FILE, allowed
from labhelpers.terraform import deploy, load
from labhelpers.terraform.deployment.makers import MAKERS

EVERYTHING = Path(__file__).with_name("everything.tf")


def test_it_is_made_of_what_is_used():
    """After a change by hand: LAB_UPDATE=1 pytest tests/account/test_series.py -n 0."""
    assert FILE.read_text() == allowed_text(json.loads(USED.read_text()))


def test_whatever_names_something_has_a_kind():
    """No parameter that botocore's model calls a name, an id or an ARN goes through unlooked at."""
    free = ("RoleSessionName", "PolicyName", "VersionId", "ImageId", "Filters[].Name")
    free += ("sts:GetAccessKeyInfo AccessKeyId", "sts:GetFederationToken Name", "ClientIDList[]")
    free += ("ExternalId", "ThumbprintList[]", "ClientID")
    found = [
        f"{operation} {path}"
        for operation, kinds in allowed().items()
        for path, kind in kinds.items()
        if not kind and re.search(r"(Name|Id|ID|Ids|Arn|ARN|Bucket|arn|List)(\[\])?$", path)
    ]
    assert [one for one in found if one not in free and one.split()[1] not in free] == []


def test_deploy_asks_for_nothing_else(lab, tmp_path):
    """One of each type that there is, put up and taken down in the sandbox."""
    shutil.copy(EVERYTHING, tmp_path)
    configuration = load(tmp_path, account_id=lab.account_id)
    types = {one.type for one in configuration.resources.values() if one.mode == "managed"}
    assert types == MAKERS.keys() - {"aws_iam_saml_provider"}
    with of_clients() as used:
        deploy(configuration, lab.session).destroy()
    is_noted("deploy", used)


def test_one_of_each_is_deployed_on_a_real_account(learner, tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_AWS_AMI", "ami-0fedcba9876543210")
    before = learner.contents()
    shutil.copy(EVERYTHING, tmp_path)
    with open_lab() as account:
        configuration = load(tmp_path, account_id=account.account_id)
        deployed = account.deploy(configuration)
        assert len(deployed.created) == len(MAKERS)  # no SAML provider, two security groups
        deployed.destroy()
    assert learner.contents() == before
