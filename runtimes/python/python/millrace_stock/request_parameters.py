"""Parameters that a client sends for the model itself."""

from typing import Any, Dict

from mlserver.types import InferenceRequest

#: Parameters of a request that are the protocol's own.
_PROTOCOL = frozenset(["content_type", "headers"])


def model_parameters(request: InferenceRequest) -> Dict[str, Any]:
    """All parameters of the request but the protocol's own; empty if it has none."""
    if request.parameters is None:
        return {}
    members = request.parameters.model_dump()
    return {name: value for name, value in members.items() if name not in _PROTOCOL and value is not None}
