"""The datatypes of tensor messages: their numbers, their fields of values, numpy's types and ours."""

from typing import Dict, NamedTuple, Optional

import numpy as np


class DataType(NamedTuple):
    number: int
    name: str
    #: The message's field that holds the values.
    field: str
    #: What the values are in memory; None for text.
    dtype: Optional[np.dtype]
    #: The name in the inference protocol.
    datatype: str


_ALL = [
    DataType(1, "DT_FLOAT", "float_val", np.dtype("<f4"), "FP32"),
    DataType(2, "DT_DOUBLE", "double_val", np.dtype("<f8"), "FP64"),
    DataType(3, "DT_INT32", "int_val", np.dtype("<i4"), "INT32"),
    DataType(4, "DT_UINT8", "int_val", np.dtype("<u1"), "UINT8"),
    DataType(5, "DT_INT16", "int_val", np.dtype("<i2"), "INT16"),
    DataType(6, "DT_INT8", "int_val", np.dtype("<i1"), "INT8"),
    DataType(7, "DT_STRING", "string_val", None, "BYTES"),
    DataType(9, "DT_INT64", "int64_val", np.dtype("<i8"), "INT64"),
    DataType(10, "DT_BOOL", "bool_val", np.dtype(np.bool_), "BOOL"),
    DataType(17, "DT_UINT16", "int_val", np.dtype("<u2"), "UINT16"),
    DataType(19, "DT_HALF", "half_val", np.dtype("<f2"), "FP16"),
    DataType(22, "DT_UINT32", "uint32_val", np.dtype("<u4"), "UINT32"),
    DataType(23, "DT_UINT64", "uint64_val", np.dtype("<u8"), "UINT64"),
]

BY_NUMBER: Dict[int, DataType] = {one.number: one for one in _ALL}
BY_DATATYPE: Dict[str, DataType] = {one.datatype: one for one in _ALL}
BY_DTYPE: Dict[np.dtype, DataType] = {one.dtype: one for one in _ALL if one.dtype is not None}

#: Names of those that no tensor of the inference protocol can hold.
UNSERVED = {
    0: "DT_INVALID",
    8: "DT_COMPLEX64",
    11: "DT_QINT8",
    12: "DT_QUINT8",
    13: "DT_QINT32",
    14: "DT_BFLOAT16",
    15: "DT_QINT16",
    16: "DT_QUINT16",
    18: "DT_COMPLEX128",
    20: "DT_RESOURCE",
    21: "DT_VARIANT",
    24: "DT_ANY",
    27: "DT_MAP",
}
