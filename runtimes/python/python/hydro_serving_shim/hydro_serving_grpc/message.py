"""Messages that are filled and read as protobuf's are, without the library and without a wire form.

A message class names its fields in `FIELDS`. As in protobuf, fields that hold messages, repeated values or maps are
never assigned but filled where they are, and a message inside another is there once something was put into it.
"""

from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Type

from .values import CHECKS, DEFAULTS, checked_array


class Field(NamedTuple):
    """`kind` is a key of `values.CHECKS`, or the message class; `many` is one, list or map (from text)."""

    kind: Any
    many: str = "one"


def one(kind: Any) -> Field:
    return Field(kind)


def repeated(kind: Any) -> Field:
    return Field(kind, "list")


def map_of(kind: Any) -> Field:
    return Field(kind, "map")


class Repeated(list):
    """A list that takes only values of its kind."""

    def __init__(self, kind: Any, changed: Callable[[], None]) -> None:
        super().__init__()
        self._kind = kind
        self._changed = changed

    def _checked(self, value: Any) -> Any:
        if isinstance(self._kind, str):
            return CHECKS[self._kind](value)
        copy = self._kind()
        copy.CopyFrom(value)
        return copy

    def append(self, value: Any) -> None:
        super().append(self._checked(value))
        self._changed()

    def extend(self, values: Iterable[Any]) -> None:
        at_once = checked_array(self._kind, values)
        super().extend([self._checked(value) for value in values] if at_once is None else at_once)
        self._changed()

    def insert(self, index: Any, value: Any) -> None:
        super().insert(index, self._checked(value))
        self._changed()

    def add(self, **fields: Any) -> "Message":
        """A new message at the end."""
        value = self._kind(**fields)
        super().append(value)
        self._changed()
        return value

    def __setitem__(self, index: Any, value: Any) -> None:
        checked = [self._checked(one) for one in value] if isinstance(index, slice) else self._checked(value)
        super().__setitem__(index, checked)

    def MergeFrom(self, other: Iterable[Any]) -> None:
        self.extend(other)


class MessageMap(Dict[str, "Message"]):
    """Messages by name, made when they are first asked for."""

    def __init__(self, kind: Type["Message"], changed: Callable[[], None]) -> None:
        super().__init__()
        self._kind = kind
        self._changed = changed

    def __missing__(self, name: str) -> "Message":
        if not isinstance(name, str):
            raise TypeError(f"{name!r} has type {type(name)}, but expected a str")
        value = self._kind()
        dict.__setitem__(self, name, value)
        self._changed()
        return value

    def get_or_create(self, name: str) -> "Message":
        return self[name]

    def __setitem__(self, name: str, value: Any) -> None:
        raise ValueError(f"a message in a map is not assigned; use [{name!r}].CopyFrom(value)")

    def MergeFrom(self, other: Dict[str, "Message"]) -> None:
        for name, value in other.items():
            self[name].CopyFrom(value)


class Message:
    """The base of all messages here."""

    FIELDS: Dict[str, Field] = {}

    def __init__(self, **fields: Any) -> None:
        object.__setattr__(self, "_values", {})
        object.__setattr__(self, "_present", False)
        object.__setattr__(self, "_parent", None)
        for name, value in fields.items():
            field = self.FIELDS.get(name)
            if field is None:
                raise ValueError(f'Protocol message {type(self).__name__} has no "{name}" field.')
            if value is None:
                continue
            if field.many == "list":
                getattr(self, name).extend(value)
            elif field.many == "map":
                getattr(self, name).MergeFrom(value)
            elif isinstance(field.kind, str):
                setattr(self, name, value)
            else:
                getattr(self, name).CopyFrom(value)

    def __getattr__(self, name: str) -> Any:
        field = self.FIELDS.get(name)
        if field is None:
            if name in ("SerializeToString", "ParseFromString", "FromString", "MergeFromString"):
                raise NotImplementedError(
                    f"{type(self).__name__}.{name}: these messages have no wire form; "
                    "install hydro-serving-grpc into this interpreter for that"
                )
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        values = self._values
        if name not in values:
            if field.many == "list":
                values[name] = Repeated(field.kind, self._change)
            elif field.many == "map":
                values[name] = MessageMap(field.kind, self._change)
            elif isinstance(field.kind, str):
                return DEFAULTS.get(field.kind, 0)
            else:
                values[name] = field.kind()
                object.__setattr__(values[name], "_parent", self)
        return values[name]

    def __setattr__(self, name: str, value: Any) -> None:
        field = self.FIELDS.get(name)
        if field is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if field.many != "one" or not isinstance(field.kind, str):
            raise AttributeError(f'Assignment not allowed to the field "{name}" of {type(self).__name__}; fill it instead')
        self._values[name] = CHECKS[field.kind](value)
        self._change()

    def _change(self) -> None:
        object.__setattr__(self, "_present", True)
        if self._parent is not None:
            self._parent._change()

    def SetInParent(self) -> None:
        self._change()

    def HasField(self, name: str) -> bool:
        field = self.FIELDS.get(name)
        if field is None or field.many != "one" or isinstance(field.kind, str):
            raise ValueError(f'{type(self).__name__} has no field "{name}" whose presence is known')
        return name in self._values and self._values[name]._present

    def ClearField(self, name: str) -> None:
        if name not in self.FIELDS:
            raise ValueError(f'Protocol message {type(self).__name__} has no "{name}" field.')
        self._values.pop(name, None)
        self._change()

    def Clear(self) -> None:
        self._values.clear()
        self._change()

    def CopyFrom(self, other: "Message") -> None:
        if other is self:
            return
        self.Clear()
        self.MergeFrom(other)

    def MergeFrom(self, other: "Message") -> None:
        if not isinstance(other, type(self)):
            raise TypeError(f"expected {type(self).__name__}, got {type(other).__name__}")
        for name, value in other._set_fields():
            field = self.FIELDS[name]
            if field.many != "one":
                getattr(self, name).MergeFrom(value)
            elif isinstance(field.kind, str):
                setattr(self, name, value)
            else:
                getattr(self, name).MergeFrom(value)
        self._change()

    def _set_fields(self) -> Iterator["tuple[str, Any]"]:
        """The fields that hold something, in the order of their declaration."""
        for name in self.FIELDS:
            value = self._values.get(name)
            if value is None or (isinstance(value, Message) and not value._present):
                continue
            if isinstance(value, (Repeated, MessageMap)) and len(value) == 0:
                continue
            yield name, value

    def ListFields(self) -> List["tuple[str, Any]"]:
        return list(self._set_fields())

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        assert isinstance(other, Message)
        return self._plain() == other._plain()

    __hash__: Optional[Any] = None  # type: ignore[assignment]

    def _plain(self) -> Dict[str, Any]:
        return {name: value for name, value in self._set_fields() if value not in (0, "", b"")}

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self._set_fields())
        return f"{type(self).__name__}({fields})"
