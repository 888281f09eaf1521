"""Where a client's own methods let the fence look once more: parameters, request, and network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labhelpers.account.fence.exact import exact
from labhelpers.account.fence.hooks import LastLook, check_parameters, let_through, remember
from labhelpers.account.fence.once import once


class LookedAt:
    """A mixin in front of botocore's client classes; see fence/hooks.py."""

    meta: Any
    _endpoint: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._endpoint.http_session = LastLook(self._endpoint.http_session)
        service = self.meta.service_model.service_id.hyphenize()
        self.meta.events.register_first(f"needs-retry.{service}", once)

    def _rewritten(self, model: Any, parameters: Mapping) -> Mapping:
        """The parameters of a presigned link as they are in the account."""
        raise NotImplementedError

    def _emit_api_params(self, api_params: Mapping, operation_model: Any, context: Mapping) -> Any:
        if context.get("is_presign_request"):
            api_params = self._rewritten(operation_model, api_params)
        let_through(operation_model, api_params, context.get("client_config"))
        return super()._emit_api_params(  # type: ignore[misc]
            api_params=api_params, operation_model=operation_model, context=context
        )

    def _convert_to_request_dict(
        self, api_params: Mapping, operation_model: Any, endpoint_url: str, **more: Any
    ) -> dict[str, Any]:
        api_params = exact(api_params)  # a hook's are of any class
        check_parameters(api_params, endpoint_url, self.meta.endpoint_url)
        request: dict[str, Any] = super()._convert_to_request_dict(  # type: ignore[misc]
            api_params=api_params,
            operation_model=operation_model,
            endpoint_url=endpoint_url,
            **more,
        )
        remember(request)
        return request
