"""`pd`: a whole request as a data frame, a column for each tensor. pandas is imported when it is first needed."""

import sys
from typing import TYPE_CHECKING, Any, List, Optional

import numpy as np

from ..types import InferenceRequest, InferenceResponse, Parameters, RequestInput, ResponseOutput, TensorData
from .base import RequestCodec, register_request_codec
from .decoding import get_decoded, has_decoded
from .json import decode_json_input_or_output, encode_to_json
from .lists import as_list, to_bytes
from .numpy import to_array, to_datatype

if TYPE_CHECKING:
    import pandas as pd

PandasJsonContentType = "pd_json"


class FrameHint:
    """Equals the class of data frames without importing it."""

    def __eq__(self, other: object) -> bool:
        pandas = sys.modules.get("pandas")
        return pandas is not None and other is pandas.DataFrame

    __hash__ = None

    def __repr__(self) -> str:
        return "pandas.DataFrame"


def to_series(tensor: Any) -> "pd.Series":
    import pandas as pd

    if has_decoded(tensor):
        values = get_decoded(tensor)
        if isinstance(values, np.ndarray):
            values = values.reshape(-1)
        return pd.Series(values)
    if tensor.parameters is not None and tensor.parameters.content_type == PandasJsonContentType:
        return pd.Series(decode_json_input_or_output(tensor))
    if tensor.datatype == "BYTES":
        return pd.Series(as_list(tensor.data))
    return pd.Series(to_array(tensor).reshape(-1))


def column_fields(series: "pd.Series", use_bytes: bool) -> dict:
    values = series.to_numpy()
    parameters = None
    dtype = series.dtype
    if not isinstance(dtype, np.dtype) and dtype.kind not in "OSU":
        values = series.to_numpy(dtype=dtype.numpy_dtype) if hasattr(dtype, "numpy_dtype") else np.asarray(values)
    is_text = values.dtype.kind in "OSUT"
    if is_text:
        datatype = "BYTES"
        items = [None if is_missing(value) else value for value in values.tolist()]
        if all(item is None or isinstance(item, (str, bytes)) for item in items):
            data: Any = [to_bytes(item) if use_bytes else item for item in items]
            parameters = Parameters(content_type="str")
        else:
            data = [encode_to_json(item, use_bytes) for item in items]
            parameters = Parameters(content_type=PandasJsonContentType)
    else:
        if values.dtype.kind == "M":
            raise TypeError(f"column '{series.name}' has dates, which no datatype holds; make them text first")
        datatype = to_datatype(values.dtype)
        data = TensorData.of_array(values)
    return {
        "name": str(series.name),
        "shape": [len(values), 1],
        "datatype": datatype,
        "data": data,
        "parameters": parameters,
    }


def is_missing(value: Any) -> bool:
    return value is None or isinstance(value, float) and value != value or type(value).__name__ == "NAType"


@register_request_codec
class PandasCodec(RequestCodec):
    ContentType = "pd"
    TypeHint = FrameHint()

    @classmethod
    def can_encode(cls, payload: Any) -> bool:
        pandas = sys.modules.get("pandas")
        return pandas is not None and isinstance(payload, pandas.DataFrame)

    @classmethod
    def encode_response(
        cls,
        model_name: str,
        payload: "pd.DataFrame",
        model_version: Optional[str] = None,
        use_bytes: bool = True,
        **kwargs: Any,
    ) -> InferenceResponse:
        return InferenceResponse(
            model_name=model_name,
            model_version=model_version,
            parameters=Parameters(content_type=cls.ContentType),
            outputs=cls.encode_outputs(payload, use_bytes),
        )

    @classmethod
    def decode_response(cls, response: InferenceResponse) -> "pd.DataFrame":
        return cls.decode_tensors(response.outputs)

    @classmethod
    def encode_outputs(cls, payload: "pd.DataFrame", use_bytes: bool = True) -> List[ResponseOutput]:
        return [ResponseOutput(**column_fields(payload[column], use_bytes)) for column in payload]

    @classmethod
    def encode_request(cls, payload: "pd.DataFrame", use_bytes: bool = True, **kwargs: Any) -> InferenceRequest:
        return InferenceRequest(
            parameters=Parameters(content_type=cls.ContentType), inputs=cls.encode_inputs(payload, use_bytes)
        )

    @classmethod
    def encode_inputs(cls, payload: "pd.DataFrame", use_bytes: bool = True) -> List[RequestInput]:
        return [RequestInput(**column_fields(payload[column], use_bytes)) for column in payload]

    @classmethod
    def decode_request(cls, request: InferenceRequest) -> "pd.DataFrame":
        from .decoding import decode_request_input

        for item in request.inputs:
            decode_request_input(item)
        return cls.decode_tensors(request.inputs)

    @classmethod
    def decode_tensors(cls, tensors: List[Any]) -> "pd.DataFrame":
        import pandas as pd

        return pd.DataFrame({tensor.name: to_series(tensor) for tensor in tensors})
