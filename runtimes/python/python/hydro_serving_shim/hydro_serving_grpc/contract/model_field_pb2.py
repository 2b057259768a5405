"""`ModelField`: an input or an output of a contract."""

from ..message import Message, one, repeated
from ..tf.tensor_shape_pb2 import TensorShapeProto

__all__ = ["ModelField"]


class ModelField(Message):
    class Subfield(Message):
        pass

    FIELDS = {
        "name": one("string"),
        "shape": one(TensorShapeProto),
        "subfields": one(Subfield),
        "dtype": one("int32"),
        "profile": one("int32"),
    }


ModelField.Subfield.FIELDS = {"data": repeated(ModelField)}
