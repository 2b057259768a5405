"""`Tensor` of the third generation."""

from ...message import Message, map_of, one, repeated

__all__ = ["MapTensorData", "Tensor", "TensorShape"]


class TensorShape(Message):
    FIELDS = {"dims": repeated("int64")}


class Tensor(Message):
    FIELDS = {
        "dtype": one("int32"),
        "tensor_shape": one(TensorShape),
        "binary_val": one("bytes"),
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
    FIELDS = {"subtensors": map_of(Tensor)}


Tensor.FIELDS["map_val"] = repeated(MapTensorData)
