"""Tools that configure or examine an account: Ansible, cloudsplaining, prowler."""

from __future__ import annotations

from clients.client import Client, Thing
from clients.installing import from_pypi
from clients.people import BUCKET, EXTERNAL_ID

ANSIBLE = (
    "export ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_DEPRECATION_WARNINGS=false "
    "ANSIBLE_INVENTORY_UNPARSED_WARNING=false\n"
    "m() { module=$1; shift; ansible localhost -c local -m amazon.aws.$module "
    '-e ansible_python_interpreter=$(command -v python) -a "$*"; }\n'
)
TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", '
    '"Principal": {"Service": "ec2.amazonaws.com"}}]}'
)
WORKER = "arn:aws:iam::111122223333:role/worker"
ANSIBLE_DOES = (
    Thing("who am I", "una", "m aws_caller_info", ":user/una"),
    Thing(
        "assume a role",
        "una",
        f"m sts_assume_role role_arn={WORKER} role_session_name=ansible external_id={EXTERNAL_ID}",
        "assumed-role/worker/ansible",
    ),
    Thing("instance", "instance", "m aws_caller_info", "assumed-role/machine"),
    Thing("user", "admin", "m iam_user name=made-by-ansible state=present", "CHANGED"),
    Thing(
        "role",
        "admin",
        f"echo '{TRUST}' > trust.json; m iam_role name=made-by-ansible "
        "create_instance_profile=false "
        "assume_role_policy_document=\"{{ lookup('file', 'trust.json') }}\"",
        "CHANGED",
    ),
    Thing("bucket", "admin", "m s3_bucket name=made-by-ansible", "CHANGED|SUCCESS"),
    Thing(
        "object",
        "una",
        f"echo hello > file; m s3_object bucket={BUCKET} object=ansible mode=put src=file && "
        f"m s3_object bucket={BUCKET} object=ansible mode=getstr",
        "hello",
    ),
    Thing("denied", "una", "m iam_role_info", "AccessDenied|not authorized", True),
    Thing("user away", "admin", "m iam_user name=made-by-ansible state=absent", "CHANGED"),
    Thing("bucket away", "admin", "m s3_bucket name=made-by-ansible state=absent", "CHANGED"),
)

WIDE = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:PutObject", '
    '"iam:CreatePolicyVersion"], "Resource": "*"}]}'
)
MADE = (
    "import boto3; iam = boto3.client('iam'); iam.create_user(UserName='wide'); "
    f"iam.put_user_policy(UserName='wide', PolicyName='p', PolicyDocument='{WIDE}'); "
    f"p = iam.create_policy(PolicyName='own', PolicyDocument='{WIDE}')['Policy']['Arn']; "
    "iam.attach_user_policy(UserName='wide', PolicyArn=p); print('made')"
)
SEEN = "python -c \"import json; print(json.load(open('default.json'))"
CLOUDSPLAINING_DOES = (
    Thing(
        "a wide policy", "admin", f'python -c "{MADE.replace(chr(34), chr(92) + chr(34))}"', "made"
    ),
    Thing("download", "admin", "cloudsplaining download --output . && ls", "default.json"),
    Thing("users", "admin", SEEN + "['UserDetailList'])\"", "wide"),
    Thing("roles", "admin", SEEN + "['RoleDetailList'])\"", "worker"),
    Thing("managed policies", "admin", SEEN + "['Policies'])\"", "PolicyName.: .own"),
    Thing("exclusions", "admin", "cloudsplaining create-exclusions-file && ls", "exclusions.yml"),
    Thing(
        "scan",
        "admin",
        "cloudsplaining scan --input-file default.json --exclusions-file exclusions.yml "
        "--output . --skip-open-report && ls",
        "iam-report-default.html",
    ),
    Thing(
        "finds the policy",
        "admin",
        "cat iam-results-default.json",
        "(?s)iam:createpolicyversion.*|iam:CreatePolicyVersion",
    ),
    Thing(
        "role by profile",
        "worker",
        "cloudsplaining download --profile worker",
        "AccessDenied",
        True,
    ),
    Thing("denied", "una", "cloudsplaining download", "AccessDenied", True),
)

#: Ten of its checks, one run; a check that failed by the sandbox has no line in the results.
CHECKS = (
    "iam_aws_attached_policy_no_administrative_privileges",
    "iam_password_policy_minimum_length_14",
    "iam_user_mfa_enabled_console_access",
    "iam_user_accesskey_unused",
    "iam_policy_attached_only_to_group_or_roles",
    "iam_support_role_created",
    "iam_role_cross_service_confused_deputy_prevention",
    "s3_bucket_default_encryption",
    "s3_bucket_level_public_access_block",
    "ec2_instance_imdsv2_enabled",
)
RUN = (
    "[ -e out.csv ] || { prowler aws --region $AWS_REGION --no-banner --ignore-exit-code-3 "
    f"--output-formats csv --output-directory out --check {' '.join(CHECKS)} > log 2>&1; "
    "cat out/*.csv > out.csv; }\n"
)
PROWLER_DOES = tuple(
    Thing(one, "admin", f"grep {one} out.csv || {{ grep -i error log; false; }}", "(?i)PASS|FAIL")
    for one in CHECKS
)

CLIENTS = (
    Client(
        "Ansible",
        from_pypi("ansible==12.3.0", "boto3==1.44.8", command=("sh", "-c")),
        ANSIBLE_DOES,
        ANSIBLE,
    ),
    Client(
        "cloudsplaining",
        from_pypi("cloudsplaining==0.9.1", command=("sh", "-c")),
        CLOUDSPLAINING_DOES,
    ),
    Client("prowler", from_pypi("prowler==5.46.0", command=("sh", "-c")), PROWLER_DOES, RUN),
)
