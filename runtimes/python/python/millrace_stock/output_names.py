"""Outputs that are named after the methods of a model, as MLServer's runtimes for scikit-learn have them."""

from typing import Any, List, Sequence

from mlserver.codecs import NumpyCodec, PandasCodec
from mlserver.errors import InferenceError
from mlserver.model import MLModel
from mlserver.types import InferenceRequest, RequestOutput, ResponseOutput


def requested_methods(
    request: InferenceRequest, default: str, allowed: Sequence[str], runtime: str
) -> List[RequestOutput]:
    """The outputs that a request asks for; the default alone where it asks for none."""
    if not request.outputs:
        return [RequestOutput(name=default)]
    for output in request.outputs:
        if output.name not in allowed:
            names = ", ".join(repr(name) for name in allowed)
            raise InferenceError(f"{runtime} has no output {output.name!r}; its outputs are {names}")
    return request.outputs


def encode_results(
    model: MLModel, wanted: Sequence[RequestOutput], results: Sequence[Any]
) -> List[ResponseOutput]:
    """One output for each result; the columns of a DataFrame, which must be the only result."""
    outputs: List[ResponseOutput] = []
    for output, result in zip(wanted, results):
        if PandasCodec.can_encode(result):
            if len(wanted) > 1:
                names = ", ".join(repr(other.name) for other in wanted)
                raise InferenceError(
                    f"{output.name!r} gives a table, whose columns become outputs of their own, and so must be the only "
                    f"output that is asked for; this request asks for {names}"
                )
            return list(PandasCodec.encode_outputs(result))
        outputs.append(model.encode(dense(result), output, default_codec=NumpyCodec))
    return outputs


def dense(result: Any) -> Any:
    """A sparse matrix as an array; everything else as it is."""
    to_array = getattr(result, "toarray", None)
    return to_array() if callable(to_array) else result
