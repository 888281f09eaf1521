"""Clients that speak to any service: the AWS CLI, boto3, the SDK for JavaScript, Terraform.

Ten things in which they should not differ: identities from all sources, objects, refusals.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import boto3

from clients.client import Client, Installed, NotToBeHad, Thing
from clients.installing import from_debian, from_npm, from_pypi, here
from clients.people import BUCKET, EXTERNAL_ID

CLI_1, CLI_2 = "1.46.2", "2.9.19-1"
ROLES = {"worker": "assumed-role/worker/worker", "instance": "assumed-role/machine/i-"}
ROLES |= {"container": "assumed-role/machine/", "pod": "assumed-role/pod/pod"}
NO_ROLE = r"AccessDenied.*is not authorized to perform: sts:AssumeRole"
NO_OBJECT = r"AccessDenied.*with an explicit deny|Forbidden"
NOT_MODELLED = r"SandboxNotModelled"


def ten(whoami: str, objects: str, parts: str, denied: str, unknown: str) -> tuple[Thing, ...]:
    """The same ten things in the words of one client."""
    return (
        Thing("long-term keys", "una", whoami, ":user/una"),
        Thing("session keys", "session", whoami, "assumed-role/worker/given"),
        Thing("profile with role and external ID", "worker", whoami, ROLES["worker"]),
        Thing("wrong external ID", "confused", whoami, NO_ROLE, fails=True),
        Thing("instance", "instance", whoami, ROLES["instance"]),
        Thing("container", "container", whoami, ROLES["container"]),
        Thing("web identity token file", "pod", whoami, ROLES["pod"]),
        Thing("object with metadata, and parts", "una", objects + parts, "owner_id"),
        Thing("denied", "una", denied, NO_OBJECT, fails=True),
        Thing("not modelled, REST-XML", "lea", unknown, NOT_MODELLED, fails=True),
    )


WHOAMI = "aws sts get-caller-identity"
CLI = ten(
    WHOAMI,
    f"aws s3api head-object --bucket {BUCKET} --key hello && ",
    f"head -c 20000000 /dev/zero > big && aws s3 cp big s3://{BUCKET}/$$ "
    f"&& aws s3 rm s3://{BUCKET}/$$",
    f"aws s3api get-object --bucket {BUCKET} --key secret/plan out",
    "aws route53 list-hosted-zones",
)
WORKER = "aws sts assume-role --role-arn arn:aws:iam::111122223333:role/worker"
WEB = (
    "aws sts assume-role-with-web-identity --role-arn $AWS_ROLE_ARN --role-session-name pod "
    "--web-identity-token $(cat $AWS_WEB_IDENTITY_TOKEN_FILE) --no-sign-request"
)
#: An AWS CLI that is older than AWS_ENDPOINT_URL: what assumes roles by itself asks AWS's own STS.
OLD = 'aws() { command aws --endpoint-url $AWS_ENDPOINT_URL "$@"; }\n'
OLD_CLI = (
    *CLI[:2],
    Thing(
        "role with external ID",
        "una",
        f"{WORKER} --role-session-name worker --external-id {EXTERNAL_ID}",
        ROLES["worker"],
    ),
    Thing(
        "wrong external ID",
        "una",
        f"{WORKER} --role-session-name worker --external-id another",
        NO_ROLE,
        fails=True,
    ),
    *CLI[4:6],
    Thing("web identity token", "pod", WEB, ROLES["pod"]),
    *CLI[7:],
)


BOTO3 = ten(
    "print(boto3.client('sts').get_caller_identity()['Arn'])",
    f"s3 = boto3.client('s3'); print(s3.head_object(Bucket='{BUCKET}', Key='hello')['Metadata'])\n",
    f"s3.upload_fileobj(io.BytesIO(bytes(20_000_000)), '{BUCKET}', 'big')\n"
    f"assert s3.head_object(Bucket='{BUCKET}', Key='big')['ContentLength'] == 20_000_000",
    f"boto3.client('s3').get_object(Bucket='{BUCKET}', Key='secret/plan')",
    "boto3.client('route53').list_hosted_zones()",
)
JAVASCRIPT = """
const {STS} = require('@aws-sdk/client-sts'), {S3} = require('@aws-sdk/client-s3');
const {Route53} = require('@aws-sdk/client-route-53');
const {Upload} = require('@aws-sdk/lib-storage'), s3 = new S3();
const run = (f) => f().then((r) => r && console.log(r), (e) => {
  console.error(e.name, e.Code, e.message); process.exitCode = 1; });
"""
NODE = ten(
    "run(async () => (await new STS().getCallerIdentity({})).Arn)",
    f"run(async () => {{ const Bucket = '{BUCKET}';"
    "console.log((await s3.headObject({Bucket, Key: 'hello'})).Metadata);",
    "const params = {Bucket, Key: 'big', Body: Buffer.alloc(20000000)};"
    "await new Upload({client: s3, params}).done(); })",
    f"run(() => s3.getObject({{Bucket: '{BUCKET}', Key: 'secret/plan'}}))",
    "run(() => new Route53().listHostedZones({}))",
)

IDENTITY = """
data "aws_caller_identity" "me" {}
output "me" { value = data.aws_caller_identity.me.arn }
"""
RESOURCES = f"""
resource "aws_iam_user" "u" {{
  name          = "terraform-made"
  force_destroy = true
}}
resource "aws_iam_user_policy" "p" {{
  user   = aws_iam_user.u.name
  policy = jsonencode({{ Version = "2012-10-17", Statement = [
    {{ Effect = "Allow", Action = "s3:ListBucket", Resource = "arn:aws:s3:::{BUCKET}" }}] }})
}}
resource "aws_s3_bucket" "b" {{ bucket = "terraform-made" }}
resource "aws_s3_object" "o" {{
  bucket   = aws_s3_bucket.b.id
  key      = "k"
  content  = "x"
  metadata = {{ owner = "una" }}
}}
resource "aws_kms_key" "k" {{}}
"""
ASK = f"cat > main.tf <<'EOF'\n{IDENTITY}EOF\nterraform init && terraform apply -auto-approve"
MAKE = f"cat > main.tf <<'EOF'\n{RESOURCES}EOF\nterraform init && terraform apply -auto-approve"
READ = (
    f"cat > main.tf <<'EOF'\n"
    f'data "aws_s3_object" "o" {{\n  bucket = "{BUCKET}"\n  key    = "secret/plan"\n}}\n'
    f"EOF\nrm -f *.tfstate; terraform init && terraform apply -auto-approve"
)
TERRAFORM = (
    Thing("long-term keys", "una", ASK, ":user/una"),
    Thing("profile with role and external ID", "worker", ASK, ROLES["worker"]),
    Thing("wrong external ID", "confused", ASK, "AccessDenied", fails=True),
    Thing("instance", "instance", ASK, ROLES["instance"]),
    Thing("container", "container", ASK, ROLES["container"]),
    Thing("web identity token file", "pod", ASK, ROLES["pod"]),
    Thing("user, bucket, object, key", "admin", "rm -f *.tfstate; " + MAKE, "5 added"),
    Thing("plan afterwards is empty", "admin", "terraform plan -detailed-exitcode", "No changes"),
    Thing("destroy", "admin", "terraform destroy -auto-approve", "5 destroyed"),
    Thing("denied", "una", READ, "Forbidden|AccessDenied", fails=True),
)


def terraform(folder: Path) -> Installed:
    """What is on PATH, and the provider in a mirror of this machine's."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "terraform"))
    from real_terraform import MIRROR, mirror

    program, providers = shutil.which("terraform"), mirror()
    if not program or not providers:
        raise NotToBeHad("terraform and a mirror with its provider are not on this machine")
    said = subprocess.run([program, "version", "-json"], capture_output=True, text=True).stdout
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "terraform.rc"
    settings.write_text("disable_checkpoint = true\n" + MIRROR % json.dumps(providers))
    environ = {"TF_CLI_CONFIG_FILE": str(settings), "NO_COLOR": "1", "TF_CLI_ARGS": "-no-color"}
    return Installed(json.loads(said)["terraform_version"], ("/bin/sh", "-c"), environ)


SDK = ("client-sts@3.1177.0", "client-s3@3.1175.0", "client-route-53@3.1169.0")
SDK += ("lib-storage@3.1175.0",)
DEBIANS_CLI = ("awscrt", "colorama", "cryptography", "dateutil", "distro", "docutils")
DEBIANS_CLI += ("jmespath", "prompt-toolkit", "ruamel.yaml", "ruamel.yaml.clib", "urllib3")
DEBIANS_CLI += ("cffi-backend", "six", "wcwidth", "roman")

CLIENTS = (
    Client("AWS CLI v1", from_pypi(f"awscli=={CLI_1}", command=("sh", "-c")), CLI),
    Client(
        "AWS CLI v2",
        from_debian(f"awscli={CLI_2}", *(f"python3-{name}" for name in DEBIANS_CLI)),
        OLD_CLI,
        before=OLD,
    ),
    Client(
        "boto3",
        here((sys.executable, "-c"), boto3.__version__),
        BOTO3,
        before="import boto3, io\n",
    ),
    Client(
        "aws-sdk-js v3",
        from_npm(*(f"@aws-sdk/{name}" for name in SDK)),
        NODE,
        before=JAVASCRIPT,
    ),
    Client("Terraform", terraform, TERRAFORM),
)
