"""CloudTrail: what an event says, and whose trail shows it (STS_FACTS 8)."""

import json
from datetime import datetime, timedelta

import pyotp
import pytest
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from federation_scene import SamlWorld, WebWorld
from scene import World, allow, policy, trusts

from labhelpers import open_lab

HERE, THERE = "111122223333", "444455556666"
ANY = {"Effect": "Allow", "Principal": {"AWS": [HERE, THERE]}}
TASK = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"
ENTER = {**ANY, "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]}


@pytest.fixture(scope="module")
def shared():
    """One lab: each test reads only the events that it makes itself."""
    with open_lab("sandbox") as lab:
        yield World(lab)


def events_of(lab, call, **parameters):
    """The outcome of a call and the events that it left."""
    before = len(lab.trail)
    outcome = lab.attempt(call, **parameters)
    return outcome, lab.trail[before:]


def last(lab):
    return lab.trail[-1]


# --- userIdentity -----------------------------------------------------------------------------


def test_user(shared):
    anna = shared.user("id-anna")
    anna.client("sts").get_caller_identity()
    event = last(shared.lab)
    keys = anna.get_credentials()
    assert event["userIdentity"] == {
        "type": "IAMUser",
        "principalId": shared.iam().get_user(UserName="id-anna")["User"]["UserId"],
        "arn": f"arn:aws:iam::{HERE}:user/id-anna",
        "accountId": HERE,
        "accessKeyId": keys.access_key,
        "userName": "id-anna",
    }
    assert event["eventSource"] == "sts.amazonaws.com"
    assert event["requestParameters"] is None and event["responseElements"] is None
    assert event["managementEvent"] is True and event["readOnly"] is True
    assert (event["eventCategory"], event["eventType"]) == ("Management", "AwsApiCall")
    assert event["awsRegion"] == shared.lab.region and event["recipientAccountId"] == HERE


def test_root(shared):
    shared.lab.root_session().client("sts").get_caller_identity()
    identity = last(shared.lab)["userIdentity"]
    assert identity["type"] == "Root" and identity["principalId"] == HERE
    assert "userName" not in identity and "sessionContext" not in identity


def test_role_session(shared):
    arn = shared.role("id-reader", ENTER, Path="/team/")
    answer = shared.assume(shared.lab.session(), arn, "job-1", SourceIdentity="anna").response
    shared.lab.session_from(answer).client("sts").get_caller_identity()
    identity = last(shared.lab)["userIdentity"]
    role_id, _, name = identity["principalId"].partition(":")
    assert identity["type"] == "AssumedRole" and name == "job-1"
    assert identity["accessKeyId"] == answer["Credentials"]["AccessKeyId"]
    context = identity["sessionContext"]
    assert context["sessionIssuer"] == {
        "type": "Role",
        "principalId": role_id,
        "arn": arn,
        "accountId": HERE,
        "userName": "id-reader",
    }
    assert context["attributes"]["mfaAuthenticated"] == "false"
    assert context["sourceIdentity"] == "anna"
    datetime.strptime(context["attributes"]["creationDate"], "%Y-%m-%dT%H:%M:%SZ")


def test_session_token_and_federated_user(shared):
    """GetSessionToken leaves the user a user; GetFederationToken makes another one of it."""
    user = shared.user("id-maker", allow("sts:GetFederationToken"))
    sts = user.client("sts")
    for answer, kind, issuer in (
        (sts.get_session_token(), "IAMUser", None),
        (sts.get_federation_token(Name="guest"), "FederatedUser", "id-maker"),
    ):
        shared.lab.session_from(answer).client("sts").get_caller_identity()
        identity = last(shared.lab)["userIdentity"]
        context = identity["sessionContext"]
        assert identity["type"] == kind
        assert context.get("sessionIssuer", {}).get("userName") == issuer
        assert context["attributes"]["mfaAuthenticated"] == "false"
    assert identity["principalId"] == f"{HERE}:guest"


def mfa_of(lab):
    return last(lab)["userIdentity"]["sessionContext"]["attributes"]["mfaAuthenticated"]


def test_mfa_shows_in_the_session(shared):
    lab, iam = shared.lab, shared.iam()
    user = shared.user("mfa-user")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="mfa")["VirtualMFADevice"]
    seed = device["Base32StringSeed"]
    assert seed.decode() not in json.dumps(last(lab))
    totp = pyotp.TOTP(seed)
    codes = [totp.at(lab.clock.now() + timedelta(seconds=n)) for n in (-30, 0)]
    iam.enable_mfa_device(
        UserName="mfa-user",
        SerialNumber=device["SerialNumber"],
        AuthenticationCode1=codes[0],
        AuthenticationCode2=codes[1],
    )
    assert not {"authenticationCode1", "authenticationCode2"} & set(last(lab)["requestParameters"])
    lab.clock.advance(seconds=60)
    code = totp.at(lab.clock.now())
    sts = user.client("sts")
    answer = sts.get_session_token(SerialNumber=device["SerialNumber"], TokenCode=code)
    assert last(lab)["requestParameters"] == {"serialNumber": device["SerialNumber"]}
    lab.session_from(answer).client("sts").get_caller_identity()
    assert mfa_of(lab) == "true"

    # A role keeps from policies how its user came in; the trail tells it all the same.
    unseen = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    role = shared.role("mfa-role", trusts("*"), permissions=[allow("iam:*", Condition=unseen)])
    lab.clock.advance(seconds=60)
    code = {"SerialNumber": device["SerialNumber"], "TokenCode": totp.at(lab.clock.now())}
    ways = ((user, code), (lab.session_from(answer), {}), (user, {}))
    shown = []
    for caller, given in ways:
        entered = shared.assume(caller, role, **given).response
        assert not lab.attempt(lab.session_from(entered).client("iam").list_roles).allowed
        shown.append(mfa_of(lab))
    assert shown == ["true", "true", "false"]


def test_anonymous_caller_of_s3(shared):
    """The bucket's owner sees the request, and that nobody in particular made it."""
    shared.bucket("id-anonymous")
    answer = urllib3.request("GET", f"{shared.lab.endpoint_url}/id-anonymous/key")
    event = last(shared.lab)
    assert answer.status == 403 and event["errorCode"] == "AccessDenied"
    assert event["userIdentity"] == {
        "type": "AWSAccount",
        "principalId": "",
        "accountId": "ANONYMOUS_PRINCIPAL",
    }
    assert event["recipientAccountId"] == HERE


def test_web_identity(shared):
    """Allowed or refused: who the token names; the token itself is nowhere in the trail."""
    lab, web = shared.lab, WebWorld(shared.lab)
    role = web.behind("deploy", None)
    token = web.idp.github_actions()
    subject = "repo:octo-org/octo-repo:ref:refs/heads/main"
    answer = web.enter(role, token).response
    event = last(lab)
    assert event["userIdentity"] == {
        "type": "WebIdentityUser",
        "principalId": f"{web.arn}:sts.amazonaws.com:{subject}",
        "userName": subject,
        "identityProvider": web.arn,
    }
    assert event["requestParameters"] == {"roleArn": role, "roleSessionName": "ci-job"}
    assert event["awsRegion"] == lab.region
    assert event["additionalEventData"] == {
        "RequestDetails": {"awsServingRegion": lab.region, "endpointType": "regional"},
        "identityProviderConnectionVerificationMethod": "IAMTrustStore",
    }
    said = event["responseElements"]
    assert said["subjectFromWebIdentityToken"] == subject and said["provider"] == web.arn
    assert said["credentials"]["accessKeyId"] == answer["Credentials"]["AccessKeyId"]
    lab.session_from(answer).client("sts").get_caller_identity()
    context = last(lab)["userIdentity"]["sessionContext"]
    assert context["webIdFederationData"]["federatedProvider"] == web.arn

    never = {"StringEquals": {"token.actions.githubusercontent.com:sub": "repo:x"}}
    assert not web.enter(web.behind("never", never), token).allowed
    refused = last(lab)
    assert refused["userIdentity"] == event["userIdentity"]
    assert refused["errorCode"] == "AccessDenied" and refused["recipientAccountId"] == HERE
    assert not web.enter(role, "no.real.token").allowed
    assert last(lab)["userIdentity"] == {"type": "WebIdentityUser"}
    assert list(last(lab)["additionalEventData"]) == ["RequestDetails"]
    assert last(lab)["errorCode"] == "InvalidIdentityTokenException"
    assert token not in json.dumps(lab.trail)


HOSTS = [
    ("sts.eu-west-1.amazonaws.com", "eu-west-1", "regional"),
    ("sts.eu-west-1.api.aws", "eu-west-1", "regional"),
    ("sts.amazonaws.com", "us-east-1", "global"),
    ("127.0.0.1", "ap-northeast-2", "regional"),
]


@pytest.mark.parametrize(("host", "region", "kind"), HOSTS, ids=[one[0] for one in HOSTS])
def test_a_token_is_logged_in_the_region_that_was_called(shared, host, region, kind):
    """The call is not signed, so only its host names a Region."""
    form = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=me"
    form += f"&RoleArn=arn:aws:iam::{HERE}:role/r&WebIdentityToken=a.b.c"
    headers = {"Host": host, "Content-Type": "application/x-www-form-urlencoded"}
    urllib3.request("POST", shared.lab.endpoint_url, body=form, headers=headers)
    event = last(shared.lab)
    details = {"awsServingRegion": region, "endpointType": kind}
    assert event["awsRegion"] == region
    assert event["additionalEventData"]["RequestDetails"] == details


# --- requests, answers, errors ----------------------------------------------------------------


def test_assume_role_in_both_accounts(shared):
    """Two events of one id: the role's account learns which account came, not which user."""
    arn = shared.role("two-sides", ENTER, account=THERE)
    lab = shared.lab
    outcome, events = events_of(
        lab,
        lab.client("sts").assume_role,
        RoleArn=arn,
        RoleSessionName="anna-1",
        ExternalId="lab-42",
        DurationSeconds=1800,
        Tags=[{"Key": "team", "Value": "blue"}],
        TransitiveTagKeys=["team"],
    )
    mine, theirs = events
    keys = outcome.response["Credentials"]
    assert mine["userIdentity"]["type"] == "IAMUser" and mine["recipientAccountId"] == HERE
    assert theirs["userIdentity"] == {
        "type": "AWSAccount",
        "principalId": mine["userIdentity"]["principalId"],
        "accountId": HERE,
    }
    assert theirs["recipientAccountId"] == THERE
    assert mine["sharedEventID"] == theirs["sharedEventID"]
    assert mine["eventID"] != theirs["eventID"]
    assert mine["requestParameters"] == {
        "roleArn": arn,
        "roleSessionName": "anna-1",
        "externalId": "lab-42",
        "durationSeconds": 1800,
        "tags": [{"key": "team", "value": "blue"}],
        "transitiveTagKeys": ["team"],
    }
    end = keys["Expiration"]
    shown = f"{end:%b} {end.day}, {end.year}, {end.hour % 12 or 12}:{end:%M:%S} {end:%p}"
    assert mine["responseElements"] == {
        "credentials": {
            "accessKeyId": keys["AccessKeyId"],
            "sessionToken": keys["SessionToken"],
            "expiration": shown,
        },
        "assumedRoleUser": {
            "assumedRoleId": outcome.response["AssumedRoleUser"]["AssumedRoleId"],
            "arn": outcome.response["AssumedRoleUser"]["Arn"],
        },
        "packedPolicySize": outcome.response["PackedPolicySize"],
        "sessionTokenSize": len(keys["SessionToken"]),
        "sessionTokenUtilization": outcome.response["SessionTokenUtilization"],
    }
    assert mine["resources"] == [{"accountId": THERE, "type": "AWS::IAM::Role", "ARN": arn}]
    assert mine["readOnly"] is True
    assert mine["tlsDetails"]["tlsVersion"] == "TLSv1.3"


def test_chain_shows_the_tags_that_came_along(shared):
    first = shared.role("chain-1", ENTER, permissions=[allow(["sts:*"])])
    second = shared.role("chain-2", ENTER)
    tags = {"Tags": [{"Key": "team", "Value": "blue"}], "TransitiveTagKeys": ["team"]}
    answer = shared.assume(shared.lab.session(), first, **tags).response
    assert shared.assume(shared.lab.session_from(answer), second).allowed
    event = last(shared.lab)
    assert event["requestParameters"]["incomingTransitiveTags"] == {"team": "blue"}
    assert "sharedEventID" not in event


def test_refused_assume_role_stays_with_the_caller(shared):
    arn = shared.role("closed", trusts("arn:aws:iam::444455556666:root"), account=THERE)
    outcome, events = events_of(
        shared.lab, shared.lab.client("sts").assume_role, RoleArn=arn, RoleSessionName="x1"
    )
    assert len(events) == 1 and events[0]["recipientAccountId"] == HERE
    assert events[0]["errorCode"] == "AccessDenied"
    assert events[0]["errorMessage"] == outcome.message
    assert events[0]["responseElements"] is None and "sharedEventID" not in events[0]


def test_iam_writes(shared):
    iam = shared.iam()
    document = policy(ENTER)
    iam.create_role(
        RoleName="written",
        Path="/team/",
        AssumeRolePolicyDocument=document,
        Tags=[{"Key": "a", "Value": "b"}],
    )
    event = last(shared.lab)
    assert event["awsRegion"] == "us-east-1" and event["readOnly"] is False
    assert event["requestParameters"] == {
        "path": "/team/",
        "roleName": "written",
        "assumeRolePolicyDocument": document,
        "tags": [{"key": "a", "value": "b"}],
    }
    assert event["responseElements"]["role"]["arn"] == f"arn:aws:iam::{HERE}:role/team/written"
    iam.list_roles()
    assert last(shared.lab)["responseElements"] is None and last(shared.lab)["readOnly"] is True
    shared.lab.attempt(iam.get_role, RoleName="nobody")
    assert last(shared.lab)["errorCode"] == "NoSuchEntityException"


def test_ec2_has_its_own_names_for_tags(shared):
    """As in RunInstances and CreateTags events that others have published."""
    ec2 = shared.lab.client("ec2")
    group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    tag = {"Key": "team", "Value": "blue"}
    ec2.run_instances(
        ImageId=image,
        MinCount=1,
        MaxCount=1,
        SecurityGroupIds=[group],
        BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 9}}],
        TagSpecifications=[{"ResourceType": "instance", "Tags": [tag]}],
    )
    asked = last(shared.lab)["requestParameters"]
    assert asked["groupSet"] == {"items": [{"groupId": group}]}
    disk = {"deviceName": "/dev/sda1", "ebs": {"volumeSize": 9}}
    assert asked["blockDeviceMapping"] == {"items": [disk]}
    told = {"resourceType": "instance", "tags": [{"key": "team", "value": "blue"}]}
    assert asked["tagSpecificationSet"] == {"items": [told]}
    interface = {"DeviceIndex": 0, "Groups": [group], "AssociatePublicIpAddress": True}
    ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, NetworkInterfaces=[interface])
    asked = last(shared.lab)["requestParameters"]["networkInterfaceSet"]
    told = {"associatePublicIpAddress": True, "deviceIndex": 0}
    assert asked == {"items": [{**told, "groupSet": {"items": [{"groupId": group}]}}]}
    tagged = {
        "resourcesSet": {"items": [{"resourceId": group}]},
        "tagSet": {"items": [{"key": "team", "value": "blue"}]},
    }
    for call in (ec2.create_tags, ec2.delete_tags):
        call(Resources=[group], Tags=[tag])
        assert last(shared.lab)["requestParameters"] == tagged


def test_which_calls_of_sts_are_reads(shared):
    """What hands out credentials of one's own is none; AssumeRole is."""
    sts = shared.lab.client("sts")
    role = shared.role("reads", ENTER, permissions=[allow("*")])
    inside = shared.lab.session_from(shared.assume(shared.lab.session(), role).response)
    assert last(shared.lab)["readOnly"] is True
    for call, given, read in (
        (sts.get_caller_identity, {}, True),
        (sts.get_access_key_info, {"AccessKeyId": "ASIAQABAAAAAAAAAAAAA"}, True),
        (sts.get_session_token, {}, False),
        (sts.get_federation_token, {"Name": "guest"}, False),
        (sts.assume_root, {"TargetPrincipal": THERE, "TaskPolicyArn": {"arn": TASK}}, False),
        (inside.client("sts").get_scoped_credentials, {"DurationSeconds": 9}, False),
    ):
        shared.lab.attempt(call, **given)
        assert last(shared.lab)["readOnly"] is read, call.__name__


def test_secrets_stay_out(shared):
    """Keys, passwords and codes of every call that handles one."""
    iam, lab = shared.iam(), shared.lab
    iam.create_user(UserName="secretive")
    key = iam.create_access_key(UserName="secretive")["AccessKey"]
    created = last(lab)["responseElements"]["accessKey"]
    assert created["accessKeyId"] == key["AccessKeyId"]
    iam.create_login_profile(UserName="secretive", Password="Correct-Horse-9!")
    assert last(lab)["requestParameters"] == {"userName": "secretive"}
    arn = shared.role("secretive", ENTER)
    secrets = [key["SecretAccessKey"], "Correct-Horse-9!"]
    for _ in range(2):
        answer = lab.client("sts").assume_role(RoleArn=arn, RoleSessionName="s1")
        secrets.append(answer["Credentials"]["SecretAccessKey"])
    text = json.dumps(lab.trail)
    assert not [secret for secret in secrets if secret in text]


def test_s3_object_is_a_data_event(shared):
    s3 = shared.bucket("trail-data")
    created = last(shared.lab)
    assert (created["eventName"], created["eventCategory"]) == ("CreateBucket", "Management")
    s3.put_object(Bucket="trail-data", Key="a b/ü.txt", Body=b"x")
    event = last(shared.lab)
    assert event["requestParameters"]["key"] == "a b/ü.txt"
    assert event["requestParameters"]["bucketName"] == "trail-data"
    assert event["eventCategory"] == "Data" and event["managementEvent"] is False
    assert event["readOnly"] is False
    assert event["resources"] == [
        {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::trail-data/a b/ü.txt"},
        {"accountId": HERE, "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::trail-data"},
    ]
    s3.list_objects_v2(Bucket="trail-data", Prefix="a")
    event = last(shared.lab)
    assert (event["eventName"], event["eventCategory"]) == ("ListObjects", "Data")
    assert event["requestParameters"]["prefix"] == "a" and event["readOnly"] is True
    shared.lab.attempt(s3.get_object, Bucket="trail-data", Key="none")
    assert last(shared.lab)["errorCode"] == "NoSuchKey"


def test_presigned_url_shows_no_signature(shared):
    s3 = shared.bucket("trail-signed")
    s3.put_object(Bucket="trail-signed", Key="a", Body=b"x")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "trail-signed", "Key": "a"})
    assert urllib3.request("GET", url).status == 200
    event = last(shared.lab)
    assert event["additionalEventData"]["AuthenticationMethod"] == "QueryString"
    assert set(event["requestParameters"]) == {"bucketName", "Host", "key"}


def test_cross_account_object_is_seen_by_both(shared):
    s3 = shared.bucket("trail-shared", account=THERE)
    statement = {"Effect": "Allow", "Principal": {"AWS": HERE}, "Action": "s3:*"}
    statement["Resource"] = ["arn:aws:s3:::trail-shared", "arn:aws:s3:::trail-shared/*"]
    s3.put_bucket_policy(Bucket="trail-shared", Policy=policy(statement))
    assert last(shared.lab)["requestParameters"]["bucketPolicy"]["Statement"] == [statement]
    mine = shared.lab.client("s3")
    _, events = events_of(shared.lab, mine.put_object, Bucket="trail-shared", Key="a", Body=b"x")
    assert [event["recipientAccountId"] for event in events] == [HERE, THERE]
    assert events[1]["userIdentity"]["type"] == "AWSAccount"
    assert events[0]["sharedEventID"] == events[1]["sharedEventID"]


def test_failed_authentication_is_in_no_trail(shared):
    """Nobody knows whose request it was."""
    before = shared.lab.trail
    keys = {"AccessKeyId": "AKIAEXAMPLE000000000", "SecretAccessKey": "x"}
    sts = shared.lab.session_from(keys).client("sts")
    assert shared.lab.attempt(sts.get_caller_identity).code == "InvalidClientTokenId"
    assert shared.lab.trail == before


def test_unknown_operation_is_no_event(shared):
    before = shared.lab.trail
    headers = {"X-Amz-Target": "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.Nothing"}
    headers["Content-Type"] = "application/x-amz-json-1.1"
    request = AWSRequest("POST", shared.lab.endpoint_url, headers=headers, data=b"{}")
    keys = shared.lab.session().get_credentials()
    SigV4Auth(keys, "cloudtrail", "eu-west-1").add_auth(request)
    assert URLLib3Session().send(request.prepare()).status_code == 400
    assert shared.lab.trail == before


def test_saml(shared):
    lab, saml = shared.lab, SamlWorld(shared.lab)
    role = saml.behind("console", more_actions=["sts:TagSession", "sts:SetSourceIdentity"])
    response = saml.idp.assertion(
        role, saml.arn, session_name="anna", tags={"team": "blue"}, source_identity="anna@corp"
    )
    outcome = saml.enter(role, response)
    assert outcome.allowed, outcome.message
    event = last(lab)
    identity, said = event["userIdentity"], event["responseElements"]
    assert identity["type"] == "SAMLUser"
    assert identity["principalId"] == f"{said['nameQualifier']}:{said['subject']}"
    details = {"awsServingRegion": lab.region, "endpointType": "regional"}
    assert event["additionalEventData"] == {"RequestDetails": details}
    assert event["awsRegion"] == lab.region
    asked = event["requestParameters"]
    assert asked["roleSessionName"] == "anna" and asked["principalArn"] == saml.arn
    assert asked["principalTags"] == {"team": "blue"} and asked["sourceIdentity"] == "anna@corp"
    assert asked["sAMLAssertionID"] and "sAMLAssertion" not in asked
    assert [item["type"] for item in event["resources"]] == [
        "AWS::IAM::Role",
        "AWS::IAM::SAMLProvider",
    ]


def test_trail_is_the_readers_own(shared):
    """What a reader does to a record changes nobody else's."""
    shared.lab.client("sts").get_caller_identity()
    shared.lab.trail[-1]["userIdentity"].clear()
    assert last(shared.lab)["userIdentity"]["type"] == "IAMUser"
