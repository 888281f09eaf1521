"""Ways to leave things behind on the served AWS, and people's things among them."""

from __future__ import annotations

from scene import policy, trusts

from labhelpers.account.creates import Marks

NOT_KNOWN = "looks like the lab's and is not known to be of a run of yours: not touched"
NUMBER = "123456789012"
PROJECT = {"Key": "project", "Value": "sts-lab"}
HERE = {"CreateBucketConfiguration": {"LocationConstraint": "ap-northeast-2"}}
TRUST = policy(trusts({"Service": "ec2.amazonaws.com"}))


def forget(lab):
    """As if its process had died: nothing is cleaned up."""
    lab._journal.begun = False
    lab.close()


def listed(tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def of_run(run, **more):
    """Tags as a run of this learner's sets them."""
    return listed(Marks.of(run, f"arn:aws:iam::{NUMBER}:user/lab-admin").tags() | more)


def new_instance(ec2, tags, **more):
    specification = {"ResourceType": "instance", "Tags": tags}
    made = ec2.run_instances(
        ImageId="ami-0fedcba9876543210",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[specification],
        **more,
    )
    return made["Instances"][0]["InstanceId"]


def new_firewall(ec2, name, tags):
    id_ = ec2.create_security_group(GroupName=name, Description="d")["GroupId"]
    if tags:
        ec2.create_tags(Resources=[id_], Tags=tags)
    return id_


def new_bucket(s3, name, tags=None):
    s3.create_bucket(Bucket=name, **HERE)
    if tags:
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})


def new_user(iam, name, tags=(), **more):
    iam.create_user(**{"UserName": name, "Path": "/sts-lab/", "Tags": list(tags)} | more)
