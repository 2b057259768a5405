"""`TensorProto`: a datatype, a shape, and values in the field of the datatype."""

from ..message import Message, map_of, one, repeated
from .tensor_shape_pb2 import TensorShapeProto

__all__ = ["MapTensorData", "TensorProto"]


class TensorProto(Message):
    FIELDS = {
        "dtype": one("int32"),
        "tensor_shape": one(TensorShapeProto),
        "version_number": one("int32"),
        "tensor_content": one("bytes"),
        "half_val": repeated("int32"),
        "float_val": repeated("float"),
        "double_val": repeated("double"),
        "int_val": repeated("int32"),
        "string_val": repeated("bytes"),
        "scomplex_val": repeated("float"),
        "int64_val": repeated("int64"),
        "bool_val": repeated("bool"),
        "dcomplex_val": repeated("double"),
        "uint32_val": repeated("uint32"),
        "uint64_val": repeated("uint64"),
    }


class MapTensorData(Message):
    FIELDS = {"subtensors": map_of(TensorProto)}


TensorProto.FIELDS["map_val"] = repeated(MapTensorData)
