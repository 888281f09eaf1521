"""Objects, secrets, parameters and messages under a customer's key need the key, too.

Source: the guides named in interpret/kms/objects.py and values.py.
"""

import urllib.error
import urllib.request

import pytest
from scene import World, allow, deny, policy

HERE, THERE, REGION = "111122223333", "444455556666", "ap-northeast-2"
ROOT = f"arn:aws:iam::{HERE}:root"
DATA = [allow(("s3:*", "secretsmanager:*", "ssm:*", "sqs:*", "sns:*"))]
BUCKET = "reports"


@pytest.fixture(scope="module")
def scene():
    """A key, and users who may do everything but what they are named for."""
    from labhelpers import open_lab

    with open_lab("sandbox") as lab:
        world = World(lab)
        world.key = lab.session().client("kms").create_key()["KeyMetadata"]["Arn"]
        world.bucket(BUCKET)
        world.sessions = {
            "none": world.user("none", *DATA),
            "both": world.user("both", *DATA, allow(("kms:GenerateDataKey", "kms:Decrypt"))),
            "writer": world.user("writer", *DATA, allow(("kms:GenerateDataKey", "kms:Encrypt"))),
            "reader": world.user("reader", *DATA, allow("kms:Decrypt", world.key)),
            "direct": world.user(
                "direct", *DATA, allow("kms:*", Condition={"Null": {"kms:ViaService": "true"}})
            ),
        }
        yield world


def calls(scene, service, method, **params):
    """Names of those users whose call is allowed; the code and words of the others."""
    allowed, said = set(), set()
    for name, session in scene.sessions.items():
        got = scene.lab.attempt(getattr(session.client(service), method), **params)
        if got.allowed:
            allowed.add(name)
        else:
            said.add((got.code, got.message))
    return allowed, said


def sse(scene, **more):
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": scene.key, **more}


WRITERS, READERS, BOTH = {"both", "writer"}, {"both", "reader"}, {"both"}


def test_objects(scene):
    new = {"Bucket": BUCKET, "Key": "a", "Body": b"x"}
    allowed, said = calls(scene, "s3", "put_object", **new, **sse(scene))
    assert allowed == WRITERS
    assert {code for code, _ in said} == {"AccessDenied"}
    words = (
        f"perform: kms:GenerateDataKey on resource: {scene.key} because no identity-based policy"
    )
    assert all(words in message for _, message in said)
    allowed, said = calls(scene, "s3", "get_object", Bucket=BUCKET, Key="a")
    assert allowed == READERS
    assert all(f"perform: kms:Decrypt on resource: {scene.key} " in message for _, message in said)
    head = {"Bucket": BUCKET, "Key": "a"}
    assert calls(scene, "s3", "head_object", **head)[0] == set(scene.sessions)
    assert calls(scene, "s3", "head_object", **head, ChecksumMode="ENABLED")[0] == READERS


def test_copies_ask_for_both_keys(scene):
    admin = scene.lab.session().client("s3")
    admin.put_object(Bucket=BUCKET, Key="plain", Body=b"x")
    admin.put_object(Bucket=BUCKET, Key="kept", Body=b"x", **sse(scene))
    plain, kept = f"{BUCKET}/plain", f"{BUCKET}/kept"
    to = {"Bucket": BUCKET, "Key": "copy"}
    assert calls(scene, "s3", "copy_object", **to, CopySource=plain)[0] == set(scene.sessions)
    assert calls(scene, "s3", "copy_object", **to, CopySource=kept)[0] == READERS
    assert calls(scene, "s3", "copy_object", **to, CopySource=plain, **sse(scene))[0] == WRITERS
    assert calls(scene, "s3", "copy_object", **to, CopySource=kept, **sse(scene))[0] == BOTH


def test_multipart_uploads_ask_for_both(scene):
    to = {"Bucket": BUCKET, "Key": "big"}
    assert calls(scene, "s3", "create_multipart_upload", **to, **sse(scene))[0] == WRITERS
    admin = scene.lab.session().client("s3")
    to["UploadId"] = admin.create_multipart_upload(**to, **sse(scene))["UploadId"]
    assert calls(scene, "s3", "upload_part", **to, PartNumber=1, Body=b"x")[0] == READERS
    part = admin.upload_part(**to, PartNumber=1, Body=b"x")["ETag"]
    assert calls(scene, "s3", "list_parts", **to)[0] == READERS
    whole = {"Parts": [{"PartNumber": 1, "ETag": part}]}
    writer = scene.sessions["writer"].client("s3")
    got = scene.lab.attempt(writer.complete_multipart_upload, **to, MultipartUpload=whole)
    assert got.blocked_by == "identity"
    done = scene.sessions["both"].client("s3").complete_multipart_upload
    assert scene.lab.attempt(done, **to, MultipartUpload=whole).succeeded
    assert calls(scene, "s3", "get_object", Bucket=BUCKET, Key="big")[0] == READERS


def test_default_encryption_counts(scene):
    admin = scene.bucket("defaults")
    rule = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": scene.key}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": rule}]}
    admin.put_bucket_encryption(Bucket="defaults", ServerSideEncryptionConfiguration=rules)
    new = {"Bucket": "defaults", "Key": "a", "Body": b"x"}
    assert calls(scene, "s3", "put_object", **new)[0] == WRITERS
    assert admin.get_object(Bucket="defaults", Key="a")["SSEKMSKeyId"] == scene.key
    assert calls(scene, "s3", "get_object", Bucket="defaults", Key="a")[0] == READERS
    everybody = set(scene.sessions)
    assert calls(scene, "s3", "put_object", **new, ServerSideEncryption="AES256")[0] == everybody
    assert calls(scene, "s3", "put_object", **new, ServerSideEncryption="aws:kms")[0] == everybody
    assert calls(scene, "s3", "get_object", Bucket="defaults", Key="a")[0] == everybody


def test_a_key_is_the_same_by_each_of_its_names(scene):
    admin, kms = scene.lab.session().client("s3"), scene.lab.session().client("kms")
    kms.create_alias(AliasName="alias/reports", TargetKeyId=scene.key)
    for number, name in enumerate(("alias/reports", scene.key.rpartition("/")[2])):
        to = {"Bucket": BUCKET, "Key": f"by-{number}"}
        made = admin.put_object(**to, Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=name)
        assert made["SSEKMSKeyId"] == scene.key
    other = kms.create_key()["KeyMetadata"]["Arn"]
    kms.update_alias(AliasName="alias/reports", TargetKeyId=other)
    assert calls(scene, "s3", "get_object", Bucket=BUCKET, Key="by-0")[0] == READERS


def test_via_service_and_context_are_what_they_are(scene):
    """The key's policy may tie it to one service, one bucket, one account."""
    kms, lab = scene.lab.session().client("kms"), scene.lab
    session = scene.user("tied", *DATA, allow("kms:*"))

    def key(**wanted):
        condition = {"StringLike": {f"kms:{k}": v for k, v in wanted.items()}}
        more = allow("kms:*", Principal={"AWS": ROOT}, Condition=condition)
        rest = allow(("kms:Put*", "kms:DescribeKey"), Principal={"AWS": ROOT})
        return kms.create_key(Policy=policy(more, rest))["KeyMetadata"]["Arn"]

    def put(arn, **more):
        given = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": arn, **more}
        return lab.attempt(
            session.client("s3").put_object, Bucket=BUCKET, Key="t", Body=b"", **given
        ).allowed

    assert put(key(ViaService=f"s3.{REGION}.amazonaws.com"))
    assert not put(key(ViaService=f"sqs.{REGION}.amazonaws.com"))
    assert put(key(CallerAccount=HERE)) and not put(key(CallerAccount=THERE))
    by_object = key(**{"EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{BUCKET}/t"})
    assert put(by_object) and not put(by_object, BucketKeyEnabled=True)
    by_bucket = key(**{"EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{BUCKET}"})
    assert put(by_bucket, BucketKeyEnabled=True) and not put(by_bucket)
    direct = session.client("kms").encrypt
    assert not lab.attempt(direct, KeyId=by_bucket, Plaintext=b"x").allowed


def test_a_service_has_no_address_of_the_caller(scene):
    """Documented of kms:ViaService and aws:SourceIp: the address is not the caller's."""
    from_here = {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}
    for name, condition, allowed in (
        ("near", from_here, False),
        ("via", {"Bool": {"aws:ViaAWSService": "true"}}, True),
    ):
        s3 = scene.user(name, *DATA, allow("kms:*", Condition=condition)).client("s3")
        put = scene.lab.attempt(s3.put_object, Bucket=BUCKET, Key="n", Body=b"", **sse(scene))
        assert put.allowed == allowed


def test_across_accounts_both_sides_and_never_by_the_managed_key(scene):
    admin, kms = scene.lab.session().client("s3"), scene.lab.session().client("kms")
    arn = f"arn:aws:iam::{THERE}:user/ada"
    ada = scene.user("ada", *DATA, allow("kms:Decrypt"), account=THERE).client("s3")
    scene.bucket("shared")
    opened = allow("s3:GetObject", "arn:aws:s3:::shared/*", Principal={"AWS": arn})
    admin.put_bucket_policy(Bucket="shared", Policy=policy(opened))
    admin.put_object(Bucket="shared", Key="own", Body=b"x", ServerSideEncryption="aws:kms")
    admin.put_object(Bucket="shared", Key="key", Body=b"x", **sse(scene))
    for name in ("own", "key"):
        got = scene.lab.attempt(ada.get_object, Bucket="shared", Key=name)
        assert got.code == "AccessDenied" and got.blocked_by == "resource"
        assert "kms:Decrypt on this resource because the resource does not exist" in got.message
    default = kms.get_key_policy(KeyId=scene.key)["Policy"]
    lets = allow("kms:Decrypt", Principal={"AWS": THERE})
    both = policy(allow("kms:*", Principal={"AWS": ROOT}), lets)
    kms.put_key_policy(KeyId=scene.key, PolicyName="default", Policy=both)
    assert scene.lab.attempt(ada.get_object, Bucket="shared", Key="key").succeeded
    kms.put_key_policy(KeyId=scene.key, PolicyName="default", Policy=default)


def test_keys_that_do_nothing(scene):
    admin, kms = scene.lab.session().client("s3"), scene.lab.session().client("kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    given = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": arn}
    to = {"Bucket": BUCKET, "Key": "idle"}
    admin.put_object(**to, Body=b"x", **given)
    secret = scene.lab.session().client("secretsmanager")
    secret.create_secret(Name="idle", SecretString="x", KmsKeyId=arn)
    kms.disable_key(KeyId=arn)
    got = scene.lab.attempt(admin.get_object, **to)
    assert got.code == "KMS.DisabledException" and got.message == f"{arn} is disabled."
    assert scene.lab.attempt(secret.get_secret_value, SecretId="idle").code == "DecryptionFailure"
    kms.schedule_key_deletion(KeyId=arn)
    got = scene.lab.attempt(admin.put_object, **to, Body=b"x", **given)
    assert got.code == "KMS.KMSInvalidStateException"
    missing = given | {"SSEKMSKeyId": arn[:-4] + "0000"}
    got = scene.lab.attempt(admin.put_object, **to, Body=b"x", **missing)
    assert got.code == "KMS.NotFoundException" and "does not exist" in got.message
    elsewhere = given | {"SSEKMSKeyId": scene.key.replace(REGION, "us-east-1")}
    got = scene.lab.attempt(admin.put_object, **to, Body=b"x", **elsewhere)
    assert got.code == "KMS.NotFoundException" and got.message == "Invalid arn us-east-1"
    alone = scene.lab.attempt(admin.put_object, **to, Body=b"x", SSEKMSKeyId=scene.key)
    assert alone.code == "InvalidArgument"


def test_secrets(scene):
    new = {"SecretString": "x", "KmsKeyId": scene.key}
    for name in scene.sessions:
        client = scene.sessions[name].client("secretsmanager")
        got = scene.lab.attempt(client.create_secret, Name=f"by-{name}", **new)
        assert got.allowed == (name == "both")
        if name != "both":
            assert (got.code, got.message) == (
                "AccessDeniedException",
                "Access to KMS is not allowed",
            )
    allowed, said = calls(scene, "secretsmanager", "get_secret_value", SecretId="by-both")
    assert allowed == READERS
    assert said == {("AccessDeniedException", "Access to KMS is not allowed")}
    value = {"SecretId": "by-both", "SecretString": "y"}
    assert calls(scene, "secretsmanager", "put_secret_value", **value)[0] == BOTH
    assert calls(scene, "secretsmanager", "update_secret", **value)[0] == BOTH
    described = calls(scene, "secretsmanager", "describe_secret", SecretId="by-both")[0]
    assert described == set(scene.sessions)


def test_the_service_s_own_key_asks_for_nothing_more(scene):
    none = scene.sessions["none"]
    secrets, ssm, sqs = map(none.client, ("secretsmanager", "ssm", "sqs"))
    attempt = scene.lab.attempt
    assert attempt(secrets.create_secret, Name="own", SecretString="x").succeeded
    assert attempt(secrets.get_secret_value, SecretId="own").succeeded
    assert attempt(ssm.put_parameter, Name="own", Value="x", Type="SecureString").succeeded
    assert attempt(ssm.get_parameter, Name="own", WithDecryption=True).succeeded
    attributes = {"KmsMasterKeyId": "alias/aws/sqs"}
    url = sqs.create_queue(QueueName="own", Attributes=attributes)["QueueUrl"]
    assert attempt(sqs.send_message, QueueUrl=url, MessageBody="x").succeeded
    shut = scene.user("shut", *DATA, deny("kms:Decrypt")).client("secretsmanager")
    assert attempt(shut.get_secret_value, SecretId="own").outcome == "ExplicitlyDenied"


def test_the_encryption_context_of_secrets(scene):
    secrets = scene.lab.session().client("secretsmanager")
    arns = {
        name: secrets.create_secret(Name=name, SecretString="x", KmsKeyId=scene.key)["ARN"]
        for name in ("red", "blue")
    }
    tied = {"StringEquals": {"kms:EncryptionContext:SecretARN": arns["red"]}}
    red = scene.user("red", *DATA, allow("kms:*", Condition=tied)).client("secretsmanager")
    assert scene.lab.attempt(red.get_secret_value, SecretId=arns["red"]).allowed
    assert scene.lab.attempt(red.get_secret_value, SecretId="blue").blocked_by == "identity"
    new = {"Name": "new", "SecretString": "x", "KmsKeyId": scene.key}
    assert scene.lab.attempt(red.create_secret, **new).blocked_by == "not modelled"


def test_parameters(scene):
    given = {"Value": "x", "Type": "SecureString", "KeyId": scene.key, "Overwrite": True}
    allowed, said = calls(scene, "ssm", "put_parameter", Name="/a/b", **given)
    assert allowed == {"writer"}
    assert {code for code, _ in said} == {"AccessDeniedException"}
    assert all("(Service: AWSKMS; Status Code: 400; Error Code:" in text for _, text in said)
    advanced = calls(scene, "ssm", "put_parameter", Name="/a/c", **given, Tier="Advanced")[0]
    assert advanced == WRITERS
    read = {"WithDecryption": True}
    everybody = set(scene.sessions)
    assert calls(scene, "ssm", "get_parameter", Name="/a/b", **read)[0] == READERS
    assert calls(scene, "ssm", "get_parameter", Name="/a/b:1", **read)[0] == READERS
    assert calls(scene, "ssm", "get_parameter", Name="/a/b")[0] == everybody
    assert calls(scene, "ssm", "get_parameters", Names=["/x", "/a/b"], **read)[0] == READERS
    assert calls(scene, "ssm", "get_parameters_by_path", Path="/a", **read)[0] == READERS
    assert calls(scene, "ssm", "get_parameters_by_path", Path="/b", **read)[0] == everybody
    assert calls(scene, "ssm", "get_parameter_history", Name="/a/b", **read)[0] == READERS
    context = {"kms:EncryptionContext:PARAMETER_ARN": f"arn:aws:ssm:{REGION}:{HERE}:parameter/a/b"}
    tied = allow("kms:*", Condition={"StringEquals": context})
    ssm = scene.user("parameter", *DATA, tied).client("ssm")
    assert scene.lab.attempt(ssm.get_parameter, Name="/a/b", **read).allowed
    assert not scene.lab.attempt(ssm.get_parameter, Name="/a/c", **read).allowed


def test_a_new_version_without_a_key_is_under_the_account_s_own(scene):
    admin, none = scene.lab.session().client("ssm"), scene.sessions["none"].client("ssm")
    given = {"Name": "/v", "Value": "x", "Type": "SecureString"}
    admin.put_parameter(**given, KeyId=scene.key)
    assert scene.lab.attempt(none.put_parameter, **given, Overwrite=True).succeeded
    assert scene.lab.attempt(none.get_parameter, Name="/v", WithDecryption=True).succeeded
    assert not scene.lab.attempt(none.get_parameter, Name="/v:1", WithDecryption=True).allowed


def test_messages(scene):
    sqs, sns = scene.lab.session().client("sqs"), scene.lab.session().client("sns")
    attributes = {"KmsMasterKeyId": scene.key}
    url = sqs.create_queue(QueueName="q", Attributes=attributes)["QueueUrl"]
    allowed, said = calls(scene, "sqs", "send_message", QueueUrl=url, MessageBody="m")
    assert allowed == BOTH and {code for code, _ in said} == {"KMS.AccessDeniedException"}
    assert calls(scene, "sqs", "receive_message", QueueUrl=url)[0] == READERS
    topic = sns.create_topic(Name="t", Attributes=attributes)["TopicArn"]
    allowed, said = calls(scene, "sns", "publish", TopicArn=topic, Message="m")
    assert allowed == BOTH and {code for code, _ in said} == {"KMSAccessDenied"}


def test_what_else_is_kept_under_a_customer_s_key_is_not_modelled(scene):
    kept = {
        "dynamodb": ("create_table", {"SSESpecification": {"KMSMasterKeyId": scene.key}})
        + (
            {"KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}], "TableName": "t"}
            | {"AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}]}
            | {"BillingMode": "PAY_PER_REQUEST"},
        ),
        "logs": ("create_log_group", {"kmsKeyId": scene.key}, {"logGroupName": "g"}),
        "ec2": ("create_volume", {"KmsKeyId": scene.key, "Encrypted": True})
        + ({"AvailabilityZone": f"{REGION}a", "Size": 1},),
        "kinesis": ("start_stream_encryption", {"KeyId": scene.key})
        + ({"StreamName": "s", "EncryptionType": "KMS"},),
    }
    for service, (method, key, rest) in kept.items():
        call = getattr(scene.lab.session().client(service), method)
        got = scene.lab.attempt(call, **rest, **key)
        assert got.blocked_by == "not modelled" and "KMS key of your own" in got.message, service
        assert scene.lab.attempt(call, **rest).blocked_by != "not modelled" or service == "kinesis"


def test_whoever_does_not_sign_gets_s3_s_words(scene):
    admin = scene.bucket("open")
    admin.delete_public_access_block(Bucket="open")
    opened = allow("s3:GetObject", "arn:aws:s3:::open/*", Principal="*")
    admin.delete_public_access_block(Bucket="open")
    admin.put_bucket_policy(Bucket="open", Policy=policy(opened))
    admin.put_object(Bucket="open", Key="a", Body=b"x", **sse(scene))
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{admin.meta.endpoint_url}/open/a")
    assert refused.value.code == 400
    assert b"require AWS Signature Version 4." in refused.value.read()


def test_secrets_across_accounts_want_a_customer_s_key(scene):
    secrets = scene.lab.session().client("secretsmanager")
    eve = scene.user("eve", *DATA, allow("kms:*"), account=THERE).client("secretsmanager")
    given = policy(allow("secretsmanager:GetSecretValue", Principal={"AWS": THERE}))
    for key, code in (
        ({}, "InvalidRequestException"),
        ({"KmsKeyId": scene.key}, "AccessDeniedException"),
    ):
        arn = secrets.create_secret(Name=f"far-{code}", SecretString="x", **key)["ARN"]
        secrets.put_resource_policy(SecretId=arn, ResourcePolicy=given)
        got = scene.lab.attempt(eve.get_secret_value, SecretId=arn)
        assert (got.code, got.blocked_by) == (code, "resource")
    kms = scene.lab.session().client("kms")
    whole = allow("kms:*", Principal={"AWS": ROOT})
    both = policy(whole, allow("kms:Decrypt", Principal={"AWS": THERE}))
    kms.put_key_policy(KeyId=scene.key, PolicyName="default", Policy=both)
    assert scene.lab.attempt(eve.get_secret_value, SecretId=arn).succeeded
    kms.put_key_policy(KeyId=scene.key, PolicyName="default", Policy=policy(whole))


def test_secrets_read_another_way(scene):
    secrets = scene.lab.session().client("secretsmanager")
    secrets.create_secret(Name="roundabout", SecretString="x", KmsKeyId=scene.key)
    name = "/aws/reference/secretsmanager/roundabout"
    given = {"Name": name, "WithDecryption": True}
    assert calls(scene, "ssm", "get_parameter", **given)[0] == READERS
    batch = {"SecretIdList": ["roundabout"]}
    assert calls(scene, "secretsmanager", "batch_get_secret_value", **batch)[0] == READERS


def test_code_of_a_function_is_an_object_like_any_other(scene):
    s3 = scene.lab.session().client("s3")
    s3.put_object(Bucket=BUCKET, Key="code.zip", Body=b"x", **sse(scene))
    rights = [*DATA, allow("lambda:*")]
    code = {"LayerName": "l", "Content": {"S3Bucket": BUCKET, "S3Key": "code.zip"}}
    for name, more, allowed in (("cat", (), False), ("dan", (allow("kms:Decrypt"),), True)):
        client = scene.user(name, *rights, *more).client("lambda")
        got = scene.lab.attempt(client.publish_layer_version, **code)
        assert (got.blocked_by == "identity") != allowed
        assert allowed or "kms:Decrypt" in got.message


def test_links_and_keys(scene):
    """A link that writes under a key works, and what it says of its signature goes no further."""
    to = {"Bucket": BUCKET, "Key": "by-link"}
    for name, client in ((n, s.client("s3")) for n, s in scene.sessions.items()):
        link = client.generate_presigned_url("put_object", {**to, **sse(scene)})
        headers = {"x-amz-server-side-encryption": "aws:kms"}
        headers["x-amz-server-side-encryption-aws-kms-key-id"] = scene.key
        request = urllib.request.Request(link, name.encode(), headers, method="PUT")
        try:
            assert urllib.request.urlopen(request).status == 200 and name in WRITERS
        except urllib.error.HTTPError as error:
            assert error.code == 403 and name not in WRITERS
    admin = scene.lab.session().client("s3")
    kept = admin.get_object(**to)
    assert kept["SSEKMSKeyId"] == scene.key and kept["Body"].read().decode() in WRITERS
    assert "X-Amz-Signature" not in str(kept["Metadata"])
