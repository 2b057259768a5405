"""The base of all values: named fields with defaults, read from keywords or plain objects, written as plain objects."""

import copy
import json
from typing import Any, Callable, ClassVar, Dict, Tuple


class Required:
    def __repr__(self) -> str:
        return "required"


REQUIRED = Required()


class Record:
    """Subclasses say `FIELDS`: name to (default, reader); a reader turns what was given into the field's value.

    A missing field without a default, and a value that its reader refuses, are a ValueError that names it.
    """

    FIELDS: ClassVar[Dict[str, Tuple[Any, Callable]]] = {}
    #: Whether other members are kept as attributes; else they are left out without a word, as JSON readers do.
    KEEPS_OTHERS: ClassVar[bool] = False

    def __init__(self, **given: Any) -> None:
        values = self.__dict__
        for name, (default, read) in self.FIELDS.items():
            if name in given:
                value = given.pop(name)
                values[name] = value if read is None or value is None and default is None else self._read(name, read, value)
            elif default is REQUIRED:
                raise ValueError(f"{type(self).__name__}: field '{name}' is required")
            else:
                values[name] = default() if callable(default) else default
        if given and self.KEEPS_OTHERS:
            values.update(given)

    @classmethod
    def _read(cls, name: str, read: Callable, value: Any) -> Any:
        try:
            return read(value)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{cls.__name__}: field '{name}': {error}") from error

    @classmethod
    def read(cls, value: Any) -> "Record":
        """An instance as it is, or one made of a plain object."""
        if isinstance(value, cls):
            return value
        if isinstance(value, dict):
            return cls(**value)
        if isinstance(value, Record):
            return cls(**value.__dict__)
        raise TypeError(f"{value!r} is not an object with the fields of {cls.__name__}")

    @classmethod
    def model_validate(cls, value: Any) -> "Record":
        return cls.read(value)

    @classmethod
    def model_validate_json(cls, text: Any) -> "Record":
        return cls.read(json.loads(text))

    parse_obj = model_validate
    parse_raw = model_validate_json

    @classmethod
    def model_construct(cls, **values: Any) -> "Record":
        return cls(**values)

    def model_dump(self, exclude_none: bool = True, by_alias: bool = False, **_options: Any) -> Dict[str, Any]:
        """Plain objects; without the members that are None, unless asked for."""
        dumped = {name: dump(value) for name, value in self.__dict__.items() if not name.startswith("_")}
        return {name: value for name, value in dumped.items() if value is not None} if exclude_none else dumped

    def dict(self, **options: Any) -> Dict[str, Any]:
        return self.model_dump(**{"exclude_none": False, **options})

    def model_dump_json(self, **options: Any) -> str:
        return json.dumps(self.model_dump(**options), default=json_value, ensure_ascii=False, separators=(",", ":"))

    json = model_dump_json

    def model_copy(self, update: Any = None, deep: bool = False) -> "Record":
        made = copy.deepcopy(self) if deep else copy.copy(self)
        made.__dict__.update(update or {})
        return made

    copy = model_copy

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    __hash__ = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"


def dump(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump()
    if isinstance(value, list):
        return [dump(item) for item in value]
    if isinstance(value, dict):
        return {name: dump(item) for name, item in value.items()}
    return value


def json_value(value: Any) -> Any:
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode()
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not JSON")


def list_of(read: Callable) -> Callable:
    def read_list(value: Any) -> list:
        if isinstance(value, (str, bytes, dict)):
            raise TypeError(f"{value!r} is not a list")
        return [read(item) for item in value]

    return read_list
