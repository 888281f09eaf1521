"""Metadata options that a change does not mention stay as they are; moto resets them."""

from __future__ import annotations

from typing import Any

#: Parameters of moto's method and the attributes of its MetadataOptions.
_NAMES = {
    "http_tokens": "http_tokens",
    "hop_limit": "http_put_response_hop_limit",
    "http_endpoint": "http_endpoint",
    "http_protocol": "http_protocol_ipv6",
    "metadata_tags": "instance_metadata_tags",
}


def keep_unmentioned_options() -> None:
    """Mend moto's ModifyInstanceMetadataOptions. Safe to call again."""
    from moto.ec2.models.instances import InstanceBackend

    original = InstanceBackend.modify_instance_metadata_options
    if getattr(original, "_lab_mended", False):
        return

    def modify(self: Any, instance_id: str, **options: Any) -> Any:
        now = self.get_instance(instance_id).metadata_options
        for name, attribute in _NAMES.items():
            if options.get(name) is None:
                options[name] = getattr(now, attribute)
        return original(self, instance_id, **options)

    modify._lab_mended = True  # type: ignore[attr-defined]
    InstanceBackend.modify_instance_metadata_options = modify  # type: ignore[method-assign, assignment]
