"""An MLflow signature as metadata of inputs and outputs, and as the content type of whole requests."""

from typing import Any, List, Tuple

from mlserver.types import MetadataTensor, Parameters

#: Datatype and content type of the columns' types; what is not here is JSON in text.
_COLUMNS = {
    "boolean": ("BOOL", "np"),
    "integer": ("INT32", "np"),
    "long": ("INT64", "np"),
    "float": ("FP32", "np"),
    "double": ("FP64", "np"),
    "string": ("BYTES", "str"),
    "binary": ("BYTES", "base64"),
    "datetime": ("BYTES", "datetime"),
}

#: Datatypes of numpy's kinds and widths in bytes, for signatures of tensors.
_TENSORS = {
    ("b", 1): "BOOL",
    **{("i", width): f"INT{8 * width}" for width in (1, 2, 4, 8)},
    **{("u", width): f"UINT{8 * width}" for width in (1, 2, 4, 8)},
    **{("f", width): f"FP{8 * width}" for width in (2, 4, 8)},
}


def tensors_of(schema: Any, prefix: str) -> List[MetadataTensor]:
    """The metadata of a schema; fields without a name are called `PREFIX-0`, `PREFIX-1` and so on."""
    tensors = []
    for index, field in enumerate(schema.inputs):
        datatype, content_type = _types_of(field)
        tensors.append(
            MetadataTensor(
                name=field.name or f"{prefix}-{index}",
                datatype=datatype,
                shape=list(field.shape) if _is_tensor(field) else [-1, 1],
                parameters=Parameters(content_type=content_type),
            )
        )
    return tensors


def request_content_type(schema: Any) -> str:
    """How requests for a model with these inputs are read: a table, one array, or arrays by name."""
    if not schema.is_tensor_spec():
        return "pd"
    return "dict" if schema.has_input_names() else "np"


def _is_tensor(field: Any) -> bool:
    return type(field).__name__ == "TensorSpec"


def _types_of(field: Any) -> Tuple[str, str]:
    if _is_tensor(field):
        return _TENSORS.get((field.type.kind, field.type.itemsize), "BYTES"), "np"
    return _COLUMNS.get(getattr(field.type, "name", ""), ("BYTES", "pd_json"))
