"""KMS's own operations are decided by the key policy, which decides like a trust policy, by the
caller's policies where it delegates to the account, and by grants.

Source: KMS Developer Guide, "Key policies in AWS KMS", "Grants in AWS KMS", "Condition keys for
AWS KMS", "AWS KMS permissions", "Key states of AWS KMS keys".
"""

import pytest
from scene import World, allow, deny, policy, trusts

HERE, THERE = "111122223333", "444455556666"
ROOT = f"arn:aws:iam::{HERE}:root"


def lets(aws, actions="kms:*", **more):
    return allow(actions, Principal={"AWS": aws}, **more)


def user(name, account=HERE):
    return f"arn:aws:iam::{account}:user/{name}"


@pytest.fixture(scope="module")
def scene():
    """anna may do everything in KMS, ben nothing; so may ada in another account, and not bob."""
    from labhelpers import open_lab

    with open_lab("sandbox") as lab:
        world = World(lab)
        world.clients = {
            name: world.user(name, *statements, account=account).client("kms")
            for name, statements, account in (
                ("anna", (allow("kms:*"),), HERE),
                ("ben", (), HERE),
                ("ada", (allow("kms:*"),), THERE),
                ("bob", (), THERE),
            )
        }
        world.admin = lab.session().client("kms")
        yield world


def key(scene, *statements, **more):
    """The ARN of a new key with this policy, whoever it locks out."""
    if statements:
        more |= {"Policy": policy(*statements), "BypassPolicyLockoutSafetyCheck": True}
    return scene.admin.create_key(**more)["KeyMetadata"]["Arn"]


def encrypts(scene, name, arn, **context):
    call = scene.clients[name].encrypt
    return scene.lab.attempt(call, KeyId=arn, Plaintext=b"x", EncryptionContext=context)


DECIDED = [
    # the key policy's statements, and who may encrypt
    ("the default policy delegates", [lets(ROOT)], {"anna"}),
    ("the account by its number", [lets(HERE)], {"anna"}),
    ("without delegation identity policies count for nothing", [lets(user("ben"))], {"ben"}),
    ("delegation of other actions", [lets(ROOT, "kms:Decrypt")], set()),
    ("both", [lets(ROOT), lets(user("ben"), "kms:Encrypt")], {"anna", "ben"}),
    ("everybody: across accounts both sides", [lets("*")], {"anna", "ben", "ada"}),
    ("another account", [lets(THERE)], {"ada"}),
    ("a user of another account", [lets(user("bob", THERE))], set()),
    (
        "a denial counts",
        [lets("*"), deny("kms:*", Principal={"AWS": user("anna")})],
        {"ben", "ada"},
    ),
    ("a condition", [lets("*", Condition={"StringEquals": {"kms:CallerAccount": HERE}})])
    + ({"anna", "ben"},),
    ("via a service only", [lets("*", Condition={"Null": {"kms:ViaService": "false"}})], set()),
    ("key spec", [lets("*", Condition={"StringEquals": {"kms:KeySpec": "RSA_2048"}})], set()),
    ("key usage", [lets(ROOT, Condition={"StringEquals": {"kms:KeyUsage": "ENCRYPT_DECRYPT"}})])
    + ({"anna"},),
    ("an alias in the request", [lets(ROOT, Condition={"Null": {"kms:RequestAlias": "false"}})])
    + (set(),),
    ("encryption context", [lets("*", Condition={"Null": {"kms:EncryptionContext:a": "false"}})])
    + (set(),),
]


@pytest.mark.parametrize("why, statements, who", DECIDED, ids=[row[0] for row in DECIDED])
def test_who_may_use_a_key(scene, why, statements, who):
    arn = key(scene, *statements)
    assert {name for name in scene.clients if encrypts(scene, name, arn).allowed} == who


def test_what_denials_say(scene):
    arn = key(scene, lets(THERE), lets(ROOT, "kms:Describe*"))
    words = "is not authorized to perform: kms:Encrypt on"
    got = encrypts(scene, "anna", arn)
    assert got.code == "AccessDeniedException" and got.blocked_by == "resource"
    assert f"{words} resource: {arn} because no resource-based policy allows" in got.message
    got = encrypts(scene, "bob", arn)
    assert f"{words} resource: {arn} because no identity-based policy allows" in got.message
    got = encrypts(scene, "ada", key(scene))
    assert (
        f"{words} this resource because the resource does not exist in this Region" in got.message
    )
    got = encrypts(scene, "ada", arn[:-1] + "0")
    assert f"{words} this resource because" in got.message
    assert encrypts(scene, "anna", "0" * 8 + arn[-28:]).code == "NotFoundException"
    elsewhere = arn.replace("ap-northeast-2", "us-east-1")
    assert encrypts(scene, "anna", elsewhere).message == "Invalid arn us-east-1"


def test_keys_are_asked_about_by_their_arn_whatever_they_are_called(scene):
    arn = key(scene)
    scene.admin.create_alias(AliasName="alias/mine", TargetKeyId=arn)
    name = arn.rpartition("/")[2]
    cleo = scene.user("cleo", allow("kms:Encrypt", arn)).client("kms")
    names = (arn, name, "alias/mine", arn.replace(f"key/{name}", "alias/mine"))
    for given in names:
        got = scene.lab.attempt(cleo.encrypt, KeyId=given, Plaintext=b"x")
        assert got.succeeded and got.response["KeyId"] == arn
    dora = scene.user("dora", allow("kms:*"), deny("kms:*", arn)).client("kms")
    for given in names:
        got = scene.lab.attempt(dora.encrypt, KeyId=given, Plaintext=b"x")
        assert got.outcome == "ExplicitlyDenied"


def test_decrypt_asks_for_the_key_of_the_text(scene):
    arn, other = key(scene), key(scene)
    text = scene.clients["anna"].encrypt(KeyId=arn, Plaintext=b"x")["CiphertextBlob"]
    eve = scene.user("eve", allow("kms:Decrypt", other)).client("kms")
    assert scene.lab.attempt(eve.decrypt, CiphertextBlob=text).blocked_by == "identity"
    got = scene.lab.attempt(eve.decrypt, CiphertextBlob=text, KeyId=other)
    assert got.code == "IncorrectKeyException"
    fay = scene.user("fay", allow("kms:ReEncryptTo", other), allow("kms:Decrypt")).client("kms")
    got = scene.lab.attempt(fay.re_encrypt, CiphertextBlob=text, DestinationKeyId=other)
    assert "perform: kms:ReEncryptFrom" in got.message and got.blocked_by == "identity"


def test_across_accounts_the_owner_s_state_answers(scene):
    arn = key(scene, lets(ROOT), lets(THERE))
    ada = scene.clients["ada"]
    text = ada.encrypt(KeyId=arn, Plaintext=b"x")["CiphertextBlob"]
    assert ada.decrypt(CiphertextBlob=text)["Plaintext"] == b"x"
    for call in (ada.schedule_key_deletion, ada.disable_key, ada.enable_key_rotation):
        got = scene.lab.attempt(call, KeyId=arn)
        assert got.code == "AccessDeniedException" and got.blocked_by == "resource"


def test_the_encryption_context_is_what_the_request_says(scene):
    tied = {"StringEquals": {"kms:EncryptionContext:team": "red"}}
    only = {"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["team"]}}
    arn = key(scene, lets(ROOT, Condition=tied | only))
    assert encrypts(scene, "anna", arn, team="red").allowed
    assert not encrypts(scene, "anna", arn, team="blue").allowed
    assert not encrypts(scene, "anna", arn, team="red", more="x").allowed
    assert not encrypts(scene, "anna", arn).allowed


def grant(scene, arn, grantee, operations, **more):
    return scene.admin.create_grant(
        KeyId=arn, GranteePrincipal=grantee, Operations=operations, **more
    )


def test_a_grant_is_enough(scene):
    arn = key(scene)
    assert not encrypts(scene, "ben", arn).allowed
    made = grant(scene, arn, user("ben"), ["Encrypt"])
    assert encrypts(scene, "ben", arn).allowed
    assert not scene.lab.attempt(scene.clients["ben"].describe_key, KeyId=arn).allowed
    grant(scene, arn, user("bob", THERE), ["Encrypt"])
    assert encrypts(scene, "bob", arn).allowed
    scene.admin.revoke_grant(KeyId=arn, GrantId=made["GrantId"])
    assert not encrypts(scene, "ben", arn).allowed


def test_a_grant_holds_its_constraints_and_denials_count(scene):
    arn = key(scene)
    grant(scene, arn, user("ben"), ["Encrypt"], Constraints={"EncryptionContextEquals": {"a": "1"}})
    assert encrypts(scene, "ben", arn, a="1").allowed
    assert not encrypts(scene, "ben", arn, a="1", b="2").allowed
    assert not encrypts(scene, "ben", arn).allowed
    gus = scene.user("gus", deny("kms:Encrypt")).client("kms")
    grant(scene, arn, user("gus"), ["Encrypt"])
    got = scene.lab.attempt(gus.encrypt, KeyId=arn, Plaintext=b"x")
    assert got.outcome == "ExplicitlyDenied"


def test_who_may_retire_a_grant(scene):
    arn = key(scene)
    first = grant(scene, arn, user("anna"), ["Encrypt"], RetiringPrincipal=user("ben"))
    second = grant(scene, arn, user("anna"), ["Encrypt"])
    retire, asked = scene.clients["ben"].retire_grant, scene.lab.attempt
    assert asked(retire, KeyId=arn, GrantId=second["GrantId"]).blocked_by == "identity"
    assert asked(retire, KeyId=arn, GrantId=first["GrantId"]).succeeded
    assert asked(retire, GrantToken=second["GrantToken"]).blocked_by == "identity"
    assert [g["GrantId"] for g in scene.admin.list_grants(KeyId=arn)["Grants"]] == [
        second["GrantId"]
    ]


REFUSED = [
    (policy(lets(user("ben"))), "will not allow you to update the key policy in the future"),
    (policy(lets(ROOT, "kms:Encrypt")), "will not allow you to update the key policy"),
    (policy(lets(ROOT), deny("kms:Put*", Principal="*")), "will not allow you to update"),
    (policy(lets([ROOT, user("nobody")])), "one or more invalid principals"),
    ("{", ""),
    (policy(allow("kms:*")), ""),
]


@pytest.mark.parametrize("document, words", REFUSED)
def test_key_policies_that_are_refused(scene, document, words):
    arn, call = key(scene), scene.admin.put_key_policy
    got = scene.lab.attempt(call, KeyId=arn, PolicyName="default", Policy=document)
    assert got.code == "MalformedPolicyDocumentException" and words in got.message
    made = scene.lab.attempt(scene.admin.create_key, Policy=document)
    assert made.code == "MalformedPolicyDocumentException"
    assert ROOT in scene.admin.get_key_policy(KeyId=arn, PolicyName="default")["Policy"]


def test_the_lockout_check_can_be_passed_over_by_who_may(scene):
    arn, bypass = key(scene), {"BypassPolicyLockoutSafetyCheck": True}
    held = {"Bool": {"kms:BypassPolicyLockoutSafetyCheck": "true"}}
    hal = scene.user("hal", allow("kms:*"), deny("kms:*", Condition=held)).client("kms")
    given = {"KeyId": arn, "PolicyName": "default"}
    shut = policy(lets(user("ben")))
    got = scene.lab.attempt(hal.put_key_policy, **given, Policy=shut, **bypass)
    assert got.outcome == "ExplicitlyDenied"
    assert scene.lab.attempt(hal.put_key_policy, **given, Policy=policy(lets(ROOT))).succeeded
    assert scene.lab.attempt(scene.admin.put_key_policy, **given, Policy=shut, **bypass).succeeded
    assert scene.lab.attempt(scene.admin.get_key_policy, KeyId=arn).blocked_by == "resource"


def test_a_deleted_user_does_not_leave_the_key_to_a_namesake(scene):
    scene.iam().create_user(UserName="ivy")
    arn = key(scene, lets(user("ivy")), lets(ROOT, ["kms:Get*"]))
    scene.iam().delete_user(UserName="ivy")
    assert "AIDA" in scene.admin.get_key_policy(KeyId=arn)["Policy"]
    again = scene.user("ivy").client("kms")
    assert not scene.lab.attempt(again.encrypt, KeyId=arn, Plaintext=b"x").allowed


def test_states_of_keys(scene):
    arn = key(scene)
    text = scene.admin.encrypt(KeyId=arn, Plaintext=b"x")["CiphertextBlob"]
    scene.admin.disable_key(KeyId=arn)
    for call in (
        lambda: scene.lab.attempt(scene.admin.decrypt, CiphertextBlob=text),
        lambda: encrypts(scene, "anna", arn),
    ):
        assert call().code == "DisabledException" and call().message == f"{arn} is disabled."
    assert encrypts(scene, "ben", arn).code == "AccessDeniedException"
    assert scene.lab.attempt(scene.admin.describe_key, KeyId=arn).succeeded
    scene.admin.schedule_key_deletion(KeyId=arn)
    got = encrypts(scene, "anna", arn)
    assert got.code == "KMSInvalidStateException"
    assert got.message == f"{arn} is pending deletion."
    assert scene.lab.attempt(scene.admin.enable_key, KeyId=arn).code == "KMSInvalidStateException"
    scene.admin.cancel_key_deletion(KeyId=arn)
    scene.admin.enable_key(KeyId=arn)
    assert encrypts(scene, "anna", arn).succeeded
    got = scene.lab.attempt(scene.admin.cancel_key_deletion, KeyId=arn)
    assert got.code == "KMSInvalidStateException"


def test_aws_managed_keys_are_for_their_service(scene):
    arn = scene.admin.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"]
    got = encrypts(scene, "anna", arn)
    assert got.blocked_by == "resource" and "no resource-based policy allows" in got.message
    document = policy(lets(ROOT))
    put = scene.admin.put_key_policy
    assert scene.lab.attempt(put, KeyId=arn, PolicyName="default", Policy=document).code == (
        "AccessDeniedException"
    )


def test_aliases_ask_for_the_alias_and_the_key(scene):
    arn = key(scene)
    jim = scene.user("jim", allow("kms:*Alias", "arn:aws:kms:*:*:alias/*")).client("kms")
    made = {"AliasName": "alias/jim", "TargetKeyId": arn}
    assert scene.lab.attempt(jim.create_alias, **made).blocked_by == "identity"
    kim = scene.user("kim", allow("kms:*Alias", arn)).client("kms")
    assert scene.lab.attempt(kim.create_alias, **made).blocked_by == "identity"
    assert scene.lab.attempt(scene.clients["anna"].create_alias, **made).succeeded
    assert scene.lab.attempt(kim.delete_alias, AliasName="alias/jim").blocked_by == "identity"


def test_tags_of_the_key_count(scene):
    tagged = {"StringEquals": {"aws:ResourceTag/team": "red"}}
    lou = scene.user("lou", allow("kms:Encrypt", Condition=tagged)).client("kms")
    red = key(scene, Tags=[{"TagKey": "team", "TagValue": "red"}])
    assert scene.lab.attempt(lou.encrypt, KeyId=red, Plaintext=b"x").allowed
    assert not scene.lab.attempt(lou.encrypt, KeyId=key(scene), Plaintext=b"x").allowed


def test_a_session_policy_counts_beside_a_grant(scene):
    arn = key(scene)
    role = scene.role("r", trusts(HERE))
    grant(scene, arn, role, ["Encrypt", "Decrypt"])
    taken = scene.assume(scene.lab.session(), role, Policy=policy(allow("kms:Decrypt")))
    kms = scene.lab.session_from(taken.response).client("kms")
    assert not scene.lab.attempt(kms.encrypt, KeyId=arn, Plaintext=b"x").allowed
    whole = scene.lab.session_from(scene.assume(scene.lab.session(), role).response).client("kms")
    assert scene.lab.attempt(whole.encrypt, KeyId=arn, Plaintext=b"x").allowed


def test_grants_are_for_who_is_there(scene):
    arn, call = key(scene), scene.admin.create_grant
    got = scene.lab.attempt(call, KeyId=arn, GranteePrincipal=user("nil"), Operations=["Encrypt"])
    assert got.code == "InvalidArnException"
    scene.iam().create_user(UserName="max")
    grant(scene, arn, user("max"), ["Encrypt"])
    scene.iam().delete_user(UserName="max")
    again = scene.user("max").client("kms")
    assert not scene.lab.attempt(again.encrypt, KeyId=arn, Plaintext=b"x").allowed


def test_a_replica_has_a_policy_of_its_own(scene):
    arn = key(scene, lets(ROOT), lets(user("ben")), MultiRegion=True)
    grant(scene, arn, user("ben"), ["Encrypt"])
    narrow = scene.user("nat", allow("kms:ReplicateKey")).client("kms")
    made = {"KeyId": arn, "ReplicaRegion": "us-east-1"}
    assert scene.lab.attempt(narrow.replicate_key, **made).blocked_by == "identity"
    scene.admin.replicate_key(**made)
    there = arn.replace("ap-northeast-2", "us-east-1")
    ben = scene.lab.session_from(scene.iam().create_access_key(UserName="ben")["AccessKey"])
    far = ben.client("kms", region_name="us-east-1")
    assert encrypts(scene, "ben", arn).allowed
    assert not scene.lab.attempt(far.encrypt, KeyId=there, Plaintext=b"x").allowed


def test_a_dry_run_changes_nothing(scene):
    arn = key(scene)
    given = {"KeyId": arn, "GranteePrincipal": user("ben"), "Operations": ["Encrypt"]}
    got = scene.lab.attempt(scene.admin.create_grant, **given, DryRun=True)
    assert got.code == "DryRunOperationException"
    assert not scene.admin.list_grants(KeyId=arn)["Grants"]


def test_moto_is_not_led_to_another_key(scene):
    """It reads an ARN up to its second ":key/" or ":alias/"."""
    mine, shut = key(scene), key(scene, lets(user("ada", THERE)), lets(ROOT, "kms:Put*"))
    scene.admin.create_alias(AliasName="alias/shut", TargetKeyId=key(scene, lets(ROOT)))
    text = scene.clients["anna"].encrypt(KeyId=mine, Plaintext=b"x")["CiphertextBlob"]
    there = {"KeyId": mine.replace(mine.split(":")[3], "us-east-1"), "GrantId": "0" * 64}
    anna, place = scene.clients["anna"], shut.partition(":key/")[0]
    for call, params in (
        (anna.encrypt, {"KeyId": f"{shut}:key/x", "Plaintext": b"x"}),
        (anna.encrypt, {"KeyId": f"{place}:alias/shut:alias/x", "Plaintext": b"x"}),
        (anna.re_encrypt, {"CiphertextBlob": text, "DestinationKeyId": f"{shut}:key/x"}),
        (anna.create_alias, {"AliasName": "alias/new", "TargetKeyId": f"{shut}:key/x"}),
        (anna.retire_grant, there),
    ):
        got = scene.lab.attempt(call, **params)
        assert got.code == "NotFoundException" and got.message.startswith("Invalid "), params
