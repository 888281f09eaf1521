"""Calls that no lab makes on a real account: (service, method, parameters) by the finding each
comes from. "<foreign.vpc>" and "<own.group>" stand for ids of the test's own making."""

from __future__ import annotations

from scene import allow, policy, trusts

WHERE = {"CreateBucketConfiguration": {"LocationConstraint": "ap-northeast-2"}}
ALL = policy(allow("*"))
OTHER_ACCOUNT = "999999999999"
RULE = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
MINE = [{"Key": "project", "Value": "mine"}]
NEVER = [{"Key": "sts-lab:expires", "Value": "never"}]
RUN = {"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1}
DISK = {"VolumeSize": 500, "DeleteOnTermination": False}
SPOT = {"MarketType": "spot", "SpotOptions": {"SpotInstanceType": "persistent"}}
PROFILE = {"Name": "app"}
LOCK = {"ObjectLockEnabled": "Enabled"}
FROM = "arn:aws:iam::111122223333"


def statement(**more):
    return {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::ours/*", **more}


def everybody(**condition):
    return policy(statement(Principal="*", Condition=condition))


def deny(actions, **more):
    resources = ["arn:aws:s3:::ours", "arn:aws:s3:::ours/*"]
    return policy(
        {"Effect": "Deny", "Principal": "*", "Action": actions, "Resource": resources} | more
    )


ATTACKS = {
    # A3: whatever has the learner's rights
    "A3 session token": ("sts", "get_session_token", {}),
    "A3 federation token": ("sts", "get_federation_token", {"Name": "me"}),
    "A3 root": (
        "sts",
        "assume_root",
        {"TargetPrincipal": "210987654321", "TaskPolicyArn": {"arn": "arn:aws:iam::aws:policy/x"}},
    ),
    "A3 a role of the account": (
        "sts",
        "assume_role",
        {"RoleArn": "arn:aws:iam::123456789012:role/sts-lab/boss", "RoleSessionName": "me"},
    ),
    "A3 a role elsewhere": (
        "sts",
        "assume_role",
        {"RoleArn": f"arn:aws:iam::{OTHER_ACCOUNT}:role/app", "RoleSessionName": "me"},
    ),
    # A4: nobody's name is the learner's own
    "A4 own key": ("iam", "create_access_key", {}),
    "A4 own key's end": ("iam", "delete_access_key", {"AccessKeyId": "<foreign.key>"}),
    "A4 own key off": (
        "iam",
        "update_access_key",
        {"AccessKeyId": "<foreign.key>", "Status": "Inactive"},
    ),
    "A4 own password": ("iam", "change_password", {"OldPassword": "a", "NewPassword": "b" * 20}),
    # A7: what could not be removed again, or would not be found
    "A7 another path": ("iam", "update_user", {"UserName": "anna", "NewPath": "/team/"}),
    "A7 another name": ("iam", "update_user", {"UserName": "anna", "NewUserName": "bob"}),
    "A7 a group's path": ("iam", "update_group", {"GroupName": "anna", "NewPath": "/team/"}),
    "A7 retag": ("ec2", "create_tags", {"Resources": ["<own.group>"], "Tags": MINE}),
    "A7 expires": ("ec2", "create_tags", {"Resources": ["<own.group>"], "Tags": NEVER}),
    "A7 untag": ("ec2", "delete_tags", {"Resources": ["<own.group>"]}),
    "A7 untag a user": ("iam", "untag_user", {"UserName": "anna", "TagKeys": ["project"]}),
    "A7 retag a user": ("iam", "tag_user", {"UserName": "anna", "Tags": MINE}),
    "A7 PROJECT": (
        "iam",
        "tag_user",
        {"UserName": "anna", "Tags": [{"Key": "PROJECT", "Value": "sts-lab"}]},
    ),
    "A7 retag a bucket": (
        "s3",
        "put_bucket_tagging",
        {"Bucket": "ours", "Tagging": {"TagSet": MINE}},
    ),
    "A7 untag a bucket": ("s3", "delete_bucket_tagging", {"Bucket": "ours"}),
    "A7 untag a provider": (
        "iam",
        "untag_open_id_connect_provider",
        {"OpenIDConnectProviderArn": "<foreign.provider>", "TagKeys": ["project"]},
    ),
    "A7 a volume that stays": (
        "ec2",
        "run_instances",
        {**RUN, "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": DISK}]},
    ),
    "A7 persistent spot": ("ec2", "run_instances", {**RUN, "InstanceMarketOptions": SPOT}),
    "A7 protected": ("ec2", "run_instances", {**RUN, "DisableApiTermination": True}),
    "A7 stop protected": ("ec2", "run_instances", {**RUN, "DisableApiStop": True}),
    "A7 big": ("ec2", "run_instances", {**RUN, "InstanceType": "p3.16xlarge"}),
    "A7 object lock": (
        "s3",
        "create_bucket",
        {"Bucket": "locked", "ObjectLockEnabledForBucket": True, **WHERE},
    ),
    "A7 object lock later": (
        "s3",
        "put_object_lock_configuration",
        {"Bucket": "ours", "ObjectLockConfiguration": LOCK},
    ),
    "A7 legal hold": (
        "s3",
        "put_object_legal_hold",
        {"Bucket": "ours", "Key": "k", "LegalHold": {"Status": "ON"}},
    ),
    "A7 retention": (
        "s3",
        "put_object",
        {"Bucket": "ours", "Key": "k", "ObjectLockMode": "COMPLIANCE"},
    ),
    "A7 deny all": ("s3", "put_bucket_policy", {"Bucket": "ours", "Policy": deny("s3:*")}),
    "A7 deny tags": (
        "s3",
        "put_bucket_policy",
        {"Bucket": "ours", "Policy": deny("s3:GetBucketTagging")},
    ),
    "A7 deny all but one": (
        "s3",
        "put_bucket_policy",
        {
            "Bucket": "ours",
            "Policy": policy(
                {
                    "Effect": "Deny",
                    "NotPrincipal": {"AWS": f"{FROM}:user/anna"},
                    "Action": "s3:*",
                    "Resource": "arn:aws:s3:::ours",
                }
            ),
        },
    ),
    "A7 deny from some day on": (
        "s3",
        "put_bucket_policy",
        {
            "Bucket": "ours",
            "Policy": deny(
                "s3:DeleteBucketPolicy",
                Condition={"DateGreaterThan": {"aws:CurrentTime": "2031-01-01T00:00:00Z"}},
            ),
        },
    ),
    "A7 deny elsewhere": (
        "s3",
        "put_bucket_policy",
        {
            "Bucket": "ours",
            "Policy": deny("s3:*", Condition={"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
        },
    ),
    "A7 address": ("ec2", "allocate_address", {"Domain": "vpc"}),
    "A7 request spot": ("ec2", "request_spot_instances", {"InstanceCount": 3}),
    "A7 a name that is a path": ("iam", "create_user", {"UserName": "team/anna"}),
    # A8: others' things, with a name of the run somewhere
    "A8 another instance's profile": (
        "ec2",
        "replace_iam_instance_profile_association",
        {"AssociationId": "iip-assoc-0123456789abcdef0", "IamInstanceProfile": PROFILE},
    ),
    "A8 another's policy": (
        "iam",
        "create_policy_version",
        {"PolicyArn": "<foreign.policy>", "PolicyDocument": ALL, "SetAsDefault": True},
    ),
    "A8 another's policy by the lesson's number": (
        "iam",
        "create_policy_version",
        {"PolicyArn": f"{FROM}:policy/sts-lab/team", "PolicyDocument": policy(allow("*", "anna"))},
    ),
    "A8 another's policy goes": ("iam", "delete_policy", {"PolicyArn": "<foreign.policy>"}),
    "A8 the run's boundary": (
        "iam",
        "create_policy_version",
        {"PolicyArn": f"{FROM}:policy/boundary", "PolicyDocument": ALL, "SetAsDefault": True},
    ),
    "A8 the run's boundary by name": (
        "iam",
        "create_policy",
        {"PolicyName": "boundary", "PolicyDocument": ALL},
    ),
    "A8 an address moves": (
        "ec2",
        "associate_address",
        {"PublicIp": "<foreign.address>", "AllowReassociation": True},
    ),
    "A8 certificate": (
        "iam",
        "upload_server_certificate",
        {"ServerCertificateName": "x", "CertificateBody": "x", "PrivateKey": "x"},
    ),
    "A8 log target": (
        "s3",
        "put_bucket_logging",
        {
            "Bucket": "ours",
            "BucketLoggingStatus": {
                "LoggingEnabled": {"TargetBucket": "company-data", "TargetPrefix": "x"}
            },
        },
    ),
    "A8 an instance": ("ec2", "terminate_instances", {"InstanceIds": ["<foreign.instance>"]}),
    "A8 a group": ("ec2", "delete_security_group", {"GroupId": "<foreign.group>"}),
    "A8 two groups": (
        "ec2",
        "create_tags",
        {"Resources": ["<own.group>", "<foreign.group>"], "Tags": []},
    ),
    "A8 a group by name": ("ec2", "delete_security_group", {"GroupName": "g"}),
    "A8 a network": (
        "ec2",
        "create_security_group",
        {"GroupName": "n", "Description": "d", "VpcId": "<foreign.vpc>"},
    ),
    "A8 a subnet": ("ec2", "run_instances", {**RUN, "SubnetId": "<foreign.subnet>"}),
    "A8 a group's members": (
        "ec2",
        "run_instances",
        {**RUN, "SecurityGroupIds": ["<foreign.group>"]},
    ),
    "A8 a profile's ARN": (
        "ec2",
        "run_instances",
        {
            **RUN,
            "IamInstanceProfile": {"Arn": "arn:aws:iam::123456789012:instance-profile/theirs"},
        },
    ),
    "A8 a key": ("iam", "delete_access_key", {"UserName": "anna", "AccessKeyId": "<foreign.key>"}),
    "A8 a provider": (
        "iam",
        "delete_open_id_connect_provider",
        {"OpenIDConnectProviderArn": "<foreign.provider>"},
    ),
    "A8 a device": (
        "iam",
        "enable_mfa_device",
        {
            "UserName": "anna",
            "SerialNumber": "arn:aws:iam::123456789012:mfa/sts-lab/theirs",
            "AuthenticationCode1": "123456",
            "AuthenticationCode2": "654321",
        },
    ),
    "A8 steps out of a bucket": (
        "s3",
        "get_object",
        {"Bucket": "ours", "Key": "../company-data/k"},
    ),
    # A10: nothing public
    "A10 block off": ("s3", "delete_public_access_block", {"Bucket": "ours"}),
    "A10 half a block": (
        "s3",
        "put_public_access_block",
        {"Bucket": "ours", "PublicAccessBlockConfiguration": {"BlockPublicAcls": True}},
    ),
    "A10 an object's ACL": (
        "s3",
        "put_object",
        {"Bucket": "ours", "Key": "k", "Body": b"", "ACL": "public-read"},
    ),
    "A10 an object's grants": (
        "s3",
        "put_object",
        {"Bucket": "ours", "Key": "k", "GrantRead": "uri=x"},
    ),
    "A10 a bucket's ACL": (
        "s3",
        "create_bucket",
        {"Bucket": "open", "ACL": "public-read", **WHERE},
    ),
    "A10 a bucket's owners": (
        "s3",
        "create_bucket",
        {"Bucket": "open", "ObjectOwnership": "ObjectWriter", **WHERE},
    ),
    "A10 a website": (
        "s3",
        "put_bucket_website",
        {"Bucket": "ours", "WebsiteConfiguration": {}},
    ),
    "A10 another Region": (
        "s3",
        "create_bucket",
        {"Bucket": "far", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}},
    ),
    "A10 the oldest Region": (
        "s3",
        "create_bucket",
        {"Bucket": "far", "CreateBucketConfiguration": {"LocationConstraint": "EU"}},
    ),
}
for said, block in {
    "always": {"StringLike": {"aws:UserAgent": "*"}},
    "all addresses": {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}},
    "one address": {"IpAddress": {"aws:SourceIp": "203.0.113.7/32"}},
    "since long": {"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}},
    "not me": {"StringNotEquals": {"aws:PrincipalAccount": "111122223333"}},
    "if there is one": {"StringEqualsIfExists": {"aws:PrincipalAccount": "111122223333"}},
    "all values": {"ForAllValues:StringEquals": {"aws:PrincipalAccount": "111122223333"}},
    "any account": {"StringLike": {"aws:PrincipalAccount": "*"}},
    "any ARN": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/anna"}},
    "another account": {"StringEquals": {"aws:PrincipalAccount": ["111122223333", OTHER_ACCOUNT]}},
    "nothing": {"StringEquals": None},
    "no list": {"StringEquals": {"aws:PrincipalAccount": []}},
}.items():
    ATTACKS[f"A10 a star, {said}"] = (
        "s3",
        "put_bucket_policy",
        {"Bucket": "ours", "Policy": everybody(**block)},
    )
for said, who in {
    "account": {"AWS": OTHER_ACCOUNT},
    "user": {"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:user/u"},
    "one of several": {"AWS": [f"{FROM}:user/anna", f"arn:aws:iam::{OTHER_ACCOUNT}:root"]},
    "id": {"AWS": "AIDAZZZZZZZZZZZZZZZZZ"},
    "canonical user": {"CanonicalUser": "0" * 64},
    "provider": {"Federated": "cognito-identity.amazonaws.com"},
    "service": {"Service": "*"},
}.items():
    ATTACKS[f"A10 a bucket for another {said}"] = (
        "s3",
        "put_bucket_policy",
        {"Bucket": "ours", "Policy": policy(statement(Principal=who))},
    )
    ATTACKS[f"A10 a role for another {said}"] = (
        "iam",
        "update_assume_role_policy",
        {"RoleName": "app", "PolicyDocument": policy(trusts(who))},
    )
for said, text in {
    "everybody": "0.0.0.0/0",
    "host bits": "203.0.113.7/0",
    "a mask": "0.0.0.0/0.0.0.0",
    "half": "128.0.0.0/1",
    "a ninth": "32.0.0.0/7",
    "zeros": "0.0.0.0/00",
    "no range": "anywhere",
}.items():
    ATTACKS[f"A10 ports for {said}"] = (
        "ec2",
        "authorize_security_group_ingress",
        {"GroupId": "<own.group>", "IpPermissions": [{**RULE, "IpRanges": [{"CidrIp": text}]}]},
    )
for text in ("::/0", "0:0:0:0:0:0:0:0/0", "2000::/3", "::/1"):
    ATTACKS[f"A10 ports for {text}"] = (
        "ec2",
        "authorize_security_group_ingress",
        {"GroupId": "<own.group>", "IpPermissions": [{**RULE, "Ipv6Ranges": [{"CidrIpv6": text}]}]},
    )
for said, more in {
    "mapped": {"Ipv6Ranges": [{"CidrIpv6": "::ffff:0:0/96"}]},
    "two halves": {"IpRanges": [{"CidrIp": "0.0.0.0/1"}, {"CidrIp": "128.0.0.0/1"}]},
    "many eighths": {"IpRanges": [{"CidrIp": f"{n}.0.0.0/8"} for n in range(1, 9)]},
    "a list": {"PrefixListIds": [{"PrefixListId": "pl-0123456789abcdef0"}]},
    "a foreign group": {"UserIdGroupPairs": [{"GroupId": "<foreign.group>"}]},
    "another account's": {
        "UserIdGroupPairs": [{"GroupId": "<own.group>", "UserId": OTHER_ACCOUNT}]
    },
}.items():
    ATTACKS[f"A10 ports for {said}"] = (
        "ec2",
        "authorize_security_group_ingress",
        {"GroupId": "<own.group>", "IpPermissions": [{**RULE, **more}]},
    )
ATTACKS["A10 ports in the flat form"] = (
    "ec2",
    "authorize_security_group_ingress",
    {"GroupId": "<own.group>", "IpProtocol": "tcp", "CidrIp": "0.0.0.0/0"},
)

OPEN = policy(statement(Principal="*"))
for said, text in {
    "a byte order mark": "\ufeff" + OPEN,
    "twice": OPEN.replace('"Effect": "Allow"', '"Effect": "Allow", "Effect": "Deny"'),
    "small letters": OPEN.replace('"Principal"', '"principal"'),
    "small letters outside": OPEN.replace('"Statement"', '"statement"'),
    "a comment": "/* */" + OPEN,
}.items():
    ATTACKS[f"A10 a bucket's policy with {said}"] = (
        "s3",
        "put_bucket_policy",
        {"Bucket": "ours", "Policy": text},
    )
    ATTACKS[f"A10 a role's policy with {said}"] = (
        "iam",
        "update_assume_role_policy",
        {"RoleName": "app", "PolicyDocument": text},
    )
