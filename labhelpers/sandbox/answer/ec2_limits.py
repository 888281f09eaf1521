"""How much of EC2 a call may ask for at once. moto makes whatever it is told to, one by one, and
looks for free addresses where there are none: for ever.

Sources: Amazon EC2 API Reference, "Error codes"; EC2 User Guide, "IP addresses per network
interface per instance type": no type has more than 50 on one. The words are not verified.
"""

from __future__ import annotations

import re

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.state import instances
from labhelpers.sandbox.wire.errors import Refusal, not_modelled

MAX_ADDRESSES = 50  # of each kind, on one network interface
MAX_THINGS = 500  # of anything that one call makes
_NUMBERS = ("Count", "Quantity", "TargetCapacity")
_ADDRESSES = ("SecondaryPrivateIpAddressCount", "Ipv6AddressCount")


def refuse_too_many(call: Call, caller: Caller) -> None:
    """Refuse numbers below zero and those that no account would get."""
    for name, text in call.params.items():
        last = name.rpartition(".")[2]
        if not last.endswith(_NUMBERS):
            if last == "WeightedCapacity" and _number(name, text) <= 0:
                raise _invalid(name, text)
            continue
        number = _number(name, text)
        if number < 0:
            raise _invalid(name, text)
        if last in _ADDRESSES:
            _addresses(call, caller, last, int(number))
        elif number > MAX_THINGS:
            raise not_modelled(
                f"ec2:{call.operation} with {name} {text[:20]}", f"Ask for {MAX_THINGS} or fewer."
            )


def _addresses(call: Call, caller: Caller, name: str, number: int) -> None:
    has, free = 0, None
    interface, subnet = call.params.get("NetworkInterfaceId"), call.params.get("SubnetId")
    where = (call.account_id, caller.region)
    if name == _ADDRESSES[0]:
        has, free = instances.addresses(*where, interface, subnet) or (has, free)
    if has + number > MAX_ADDRESSES:
        text = "Number of private addresses will exceed limit."
        raise Refusal("PrivateIpAddressLimitExceeded", text, 400, blocked_by="service")
    if free is not None and number > free:
        text = "The specified subnet does not have enough free addresses to satisfy the request."
        raise Refusal("InsufficientFreeAddressesInSubnet", text, 400, blocked_by="service")


def _number(name: str, text: str) -> float:
    if not re.fullmatch(r"-?\d{1,18}(\.\d{1,9})?", text, re.ASCII):
        raise _invalid(name, text)
    return float(text)


def _invalid(name: str, text: str) -> Refusal:
    said = f"Value ({text[:40]}) for parameter {name} is invalid."
    return Refusal("InvalidParameterValue", said, 400, blocked_by="service")
