"""The sandbox shares its process with the learner, whose boto3 stays what it is."""

import json
import subprocess
import sys

#: moto's services load in one thread, as they do behind a lab that has just been opened. Another
#: one uses boto3 meanwhile, and a hook makes sure of it: at each import of a moto module, too.
SCRIPT = """
import builtins, json, sys, threading
import boto3
from labhelpers import open_lab

own, seen, busy = boto3.Session, [], threading.local()

def look(event, args):
    if event != "import" or not args[0].startswith("moto.") or getattr(busy, "now", False):
        return
    busy.now = True
    seen.append(boto3.Session is own and boto3.session.Session is own)
    if args[0] in ("moto.ec2.models.availability_zones_and_regions", "moto.s3.models"):
        client = boto3.client("sts")
        seen.append(client.meta.endpoint_url == "https://sts.eu-west-1.amazonaws.com")
        seen.append(type(boto3.DEFAULT_SESSION) is own)
    busy.now = False

finished = threading.Event()

def use_boto3():
    while not finished.is_set():
        session = boto3.Session(region_name="eu-west-1")
        seen.append(type(session) is own and session.profile_name == "learner")

sys.addaudithook(look)
other = threading.Thread(target=use_boto3, daemon=True)  # must not outlive a fault
other.start()
with open_lab() as lab:
    regions = lab.session().client("ec2").describe_regions()["Regions"]
    lab.session().client("sqs").list_queues()
    lab.session().client("eks").list_clusters()
finished.set()
other.join()
from moto.ec2.models import availability_zones_and_regions as zones
print(json.dumps({
    "boto3": all(seen), "looks": len(seen), "regions": len(regions),
    "moto": zones.Session is not own and issubclass(zones.Session, own),
    "endpoint": boto3.client("s3").meta.endpoint_url,
    "types": type(boto3.DEFAULT_SESSION) is own,
}))
"""


def test_boto3_stays_the_learners_own_while_services_load(tmp_path):
    config = tmp_path / "config"
    config.write_text("[profile learner]\nregion = eu-west-1\n")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={
            "HOME": str(tmp_path),
            "PATH": "/usr/bin:/bin",
            "AWS_CONFIG_FILE": str(config),
            "AWS_PROFILE": "learner",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    out = json.loads(done.stdout)
    assert out.pop("looks") > 100 and out.pop("regions") > 5
    assert out == {
        "boto3": True,
        "moto": True,
        "endpoint": "https://s3.eu-west-1.amazonaws.com",
        "types": True,
    }
