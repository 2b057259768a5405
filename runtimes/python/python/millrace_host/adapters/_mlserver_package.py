"""What MLServer's own package is given, so that large tensors do not become lists that nobody reads."""

from typing import Any

from ..adapter import Tensor


def make_lazy_data(types: Any) -> Any:
    """A kind of `TensorData` over an array: its `root`, a list, is made when somebody reads it."""

    class LazyData(types.TensorData):
        @classmethod
        def of_array(cls, array: Any) -> Any:
            made = cls.model_construct(root=None)
            object.__setattr__(made, "__dict__", {"array": array})
            return made

        def __eq__(self, other: object) -> bool:
            return isinstance(other, types.TensorData) and self.root == other.root

    def read_root(self: Any) -> Any:
        values = self.__dict__
        if "list" not in values:
            values["list"] = values.pop("array").reshape(-1).tolist()
        return values["list"]

    def write_root(self: Any, value: Any) -> None:
        self.__dict__.pop("array", None)
        self.__dict__["list"] = value

    # Not in the body of the class, where it would be taken for a field.
    LazyData.root = property(read_root, write_root)
    # In texts about values it is what it stands for.
    LazyData.__name__ = LazyData.__qualname__ = "TensorData"
    return LazyData


def array_of(data: Any) -> Any:
    """The array behind it, as long as nobody has asked for a list, which may have been changed."""
    return data.__dict__.get("array")


def teach_numpy_codec(lazy_data: Any) -> None:
    """Has the codec of arrays take the array as it is."""
    from mlserver.codecs import NumpyCodec

    decode_list = NumpyCodec.decode_input.__func__

    def decode_input(cls: Any, request_input: Any) -> Any:
        data = request_input.data
        array = array_of(data) if isinstance(data, lazy_data) else None
        return decode_list(cls, request_input) if array is None else array

    NumpyCodec.decode_input = classmethod(decode_input)


def is_lazy(tensor: Tensor) -> bool:
    """Whether an input is worth it: lists of a few numbers are made faster than not."""
    return tensor.data.size > 64
