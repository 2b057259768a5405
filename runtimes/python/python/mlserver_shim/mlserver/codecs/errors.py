"""What can go wrong between a request and the values of a model."""

from typing import Any, Dict, List, Optional

from ..errors import MLServerError


class CodecNotFound(MLServerError):
    def __init__(
        self,
        name: Optional[str] = None,
        payload_type: Optional[Any] = None,
        is_input: bool = False,
        is_request: bool = False,
    ):
        field = "input" if is_input else "output"
        kind = "request" if is_request else "response"
        what = f"{field} field with name '{name}'" if name is not None else f"{field} {kind}"
        if payload_type is not None:
            what += f"{' and' if name is not None else ' with'} type {payload_type}"
        super().__init__(f"Codec not found for {what}")


class CodecError(MLServerError):
    def __init__(self, msg: str):
        super().__init__(f"There was an error encoding / decoding the payload: {msg}")


class OutputNotFound(MLServerError):
    def __init__(self, output_idx: int, output_type: Any, output_hints: List[Any]):
        hints = ", ".join(f"'{hint}'" for hint in output_hints)
        super().__init__(
            f"Unexpected output value at position '{output_idx}' (got '{output_type}'). Expected outputs: {hints}."
        )


class InputsNotFound(MLServerError):
    def __init__(self, inputs: List[Any], input_hints: Dict[str, Any]):
        names = ", ".join(f"'{item.name}'" for item in inputs)
        known = ", ".join(f"'{hint}'" for hint in input_hints)
        what = f"Input {names} was" if len(inputs) == 1 else f"Inputs {names} were"
        available = "input is" if len(input_hints) == 1 else "inputs are"
        super().__init__(f"{what} not found. Available {available} {known}.")
