"""Lists of text and bytes, which arrive in several forms."""

from typing import Any, List


def as_list(payload: Any) -> List:
    """The elements: of an array flattened, a single text or byte string as one element."""
    root = getattr(payload, "root", payload)
    if isinstance(root, (str, bytes)):
        return [root]
    if hasattr(root, "tolist"):
        return root.reshape(-1).tolist()
    return flatten(root)


def flatten(values: Any) -> List:
    if not any(isinstance(value, (list, tuple)) for value in values):
        return list(values)
    flat: List = []
    for value in values:
        flat.extend(flatten(value) if isinstance(value, (list, tuple)) else [value])
    return flat


def is_list_of(payload: Any, instance_type: Any) -> bool:
    return isinstance(payload, list) and all(isinstance(item, instance_type) for item in payload)


def to_text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value


def to_bytes(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


def with_batch_dimension(shape: List[int]) -> List[int]:
    """A flat tensor is a batch of rows with one element each."""
    return [*shape, 1] if len(shape) == 1 else shape
