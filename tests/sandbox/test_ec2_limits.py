"""No call may keep moto busy for ever: what it is asked to make is counted first."""

import pytest
from scene import allow

from labhelpers.policy import Principal
from labhelpers.sandbox.answer.ec2_limits import refuse_too_many
from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.state import instances
from labhelpers.sandbox.wire.errors import Refusal

ACCOUNT, REGION = "111122223333", "ap-northeast-2"
CALLER = Caller(Principal("user", "", ACCOUNT), "", "", REGION, "ec2")
SECONDARY = "SecondaryPrivateIpAddressCount"
#: Parameters -> the code, "" where moto may be asked. The network interface has 2 addresses and
#: its subnet 9 free ones.
CASES = [
    ({SECONDARY: "9", "NetworkInterfaceId": "eni-1"}, ""),
    ({SECONDARY: "10", "NetworkInterfaceId": "eni-1"}, "InsufficientFreeAddressesInSubnet"),
    ({SECONDARY: "49", "NetworkInterfaceId": "eni-1"}, "PrivateIpAddressLimitExceeded"),
    ({SECONDARY: "-1", "NetworkInterfaceId": "eni-1"}, "InvalidParameterValue"),
    ({"NetworkInterface.1." + SECONDARY: "51"}, "PrivateIpAddressLimitExceeded"),
    ({"Ipv6AddressCount": "-1"}, "InvalidParameterValue"),
    ({"Ipv6AddressCount": "51"}, "PrivateIpAddressLimitExceeded"),
    ({"MinCount": "1", "MaxCount": "500"}, ""),
    ({"MinCount": "1", "MaxCount": "501"}, "SandboxNotModelled"),
    ({"MaxCount": "many"}, "InvalidParameterValue"),
    ({"MaxCount": "1e9"}, "InvalidParameterValue"),
    ({"TargetCapacitySpecification.TotalTargetCapacity": "1000000"}, "SandboxNotModelled"),
    ({"SpotFleetRequestConfig.LaunchSpecifications.1.WeightedCapacity": "0"}, "Invalid"),
    ({"SpotFleetRequestConfig.LaunchSpecifications.1.WeightedCapacity": "0.5"}, ""),
    ({"Filter.1.Value.1": "-1", "Tag.1.Value": "-1"}, ""),
]


@pytest.mark.parametrize(("params", "code"), CASES)
def test_what_is_asked_for_is_counted(monkeypatch, params, code):
    monkeypatch.setattr(instances, "addresses", lambda *asked: (2, 9) if asked[2] else None)
    try:
        refuse_too_many(Call("ec2", "AnyOperation", (), ACCOUNT, params), CALLER)
        refused = ""
    except Refusal as error:
        refused = error.code
    assert refused.startswith(code) and bool(refused) == bool(code)


def test_addresses_are_counted_as_moto_keeps_them(world):
    ec2 = world.user("lea", allow("ec2:*")).client("ec2")
    network = ec2.describe_subnets()["Subnets"][0]
    subnet, free = network["SubnetId"], network["AvailableIpAddressCount"]
    assert instances.addresses(ACCOUNT, REGION, None, subnet) == (1, free - 1)
    made = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    ec2.assign_private_ip_addresses(NetworkInterfaceId=made, SecondaryPrivateIpAddressCount=4)
    assert instances.addresses(ACCOUNT, REGION, made, None) == (5, free - 5)
    assert instances.addresses(ACCOUNT, REGION, "eni-0", None) is None
