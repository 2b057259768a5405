"""MLflow model folders, through MLflow's `python_function` interface."""

import io
import json
from typing import Any, Dict, Optional, Tuple

from mlserver import MLModel
from mlserver.errors import InferenceError
from mlserver.handlers import custom_handler
from mlserver.settings import ModelParameters
from mlserver.types import InferenceRequest, InferenceResponse
from mlserver.utils import get_model_uri

from .http_body import Request, Response
from .library import require
from .mlflow_signature import request_content_type, tensors_of
from .not_loadable import NotLoadable
from .request_parameters import model_parameters
from .tensor_dict_codec import TensorDictCodec, as_columns


class MLflowRuntime(MLModel):
    """Publishes what the model's signature declares, and also answers the routes of MLflow's own scoring server."""

    async def load(self) -> bool:
        self._mlflow = require("mlflow", "mlflow", "MLflowRuntime")
        self._pyfunc = require("mlflow.pyfunc", "mlflow", "MLflowRuntime")
        folder = await get_model_uri(self.settings)
        try:
            self._model = self._pyfunc.load_model(folder)
        except self._mlflow.exceptions.MlflowException as error:
            raise NotLoadable(f"{folder} cannot be opened by MLflow: {error.message}") from error
        self._schema = self._model.metadata.get_input_schema()
        signature = self._model.metadata.signature
        if signature is not None:
            self._publish(signature)
        return True

    def _publish(self, signature: Any) -> None:
        if signature.inputs is not None:
            self.inputs = tensors_of(signature.inputs, "input")
            if self.settings.parameters is None:
                self.settings.parameters = ModelParameters()
            self.settings.parameters.content_type = request_content_type(signature.inputs)
        if signature.outputs is not None:
            self.outputs = tensors_of(signature.outputs, "output")

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        data = self.decode_request(payload)
        answer = self._ask(data, model_parameters(payload) or None)
        return self.encode_response(as_columns(answer), default_codec=TensorDictCodec)

    def _ask(self, data: Any, parameters: Optional[Dict[str, Any]]) -> Any:
        try:
            return self._model.predict(data, params=parameters)
        except self._mlflow.exceptions.MlflowException as error:
            # The signature's check speaks of the request; the model's own failures are of other types.
            raise InferenceError(error.message) from error

    @custom_handler(rest_path="/ping", rest_method="GET")
    async def ping(self) -> str:
        return "\n"

    @custom_handler(rest_path="/health", rest_method="GET")
    async def health(self) -> str:
        return "\n"

    @custom_handler(rest_path="/version", rest_method="GET")
    async def mlflow_version(self) -> str:
        return self._mlflow.__version__

    @custom_handler(rest_path="/invocations")
    async def invocations(self, request: Request) -> Response:
        media_type = _media_type(request.headers.get("content-type", ""))
        text = _utf8(await request.body())
        data, parameters = self._parsed(media_type, text)
        out = io.StringIO()
        self._scoring_server().predictions_to_json(self._ask(data, parameters), out)
        return Response(content=out.getvalue(), media_type="application/json")

    def _parsed(self, media_type: str, text: str) -> Tuple[Any, Optional[Dict[str, Any]]]:
        scoring = self._scoring_server()
        try:
            if media_type == "text/csv":
                return scoring.parse_csv_input(io.StringIO(text), self._schema), None
            body = json.loads(text)
            if not isinstance(body, dict):
                raise InferenceError(f"the body is a JSON {type(body).__name__}; expected an object")
            parameters = body.pop("params", None)
            return scoring.infer_and_parse_data(body, self._schema), parameters
        except self._mlflow.exceptions.MlflowException as error:
            raise InferenceError(error.message) from error
        except ValueError as error:
            raise InferenceError(f"the body is no {media_type}: {error}") from error

    def _scoring_server(self) -> Any:
        return require("mlflow.pyfunc.scoring_server", "mlflow", "the route /invocations")


def _media_type(content_type: str) -> str:
    """`text/csv` or `application/json` of a content-type header in UTF-8, the only charset that is read."""
    media_type, *attributes = [part.strip() for part in content_type.split(";")]
    for attribute in attributes:
        name, _, value = attribute.partition("=")
        if name.strip().lower() != "charset":
            raise InferenceError(f"content-type has the unknown parameter {name.strip()!r}; only charset is allowed")
        if value.strip().strip('"').lower() != "utf-8":
            raise InferenceError(f"content-type has charset {value.strip()}; only UTF-8 is read")
    if media_type.lower() not in ("text/csv", "application/json"):
        raise InferenceError(f"content-type is {content_type!r}; allowed are text/csv and application/json")
    return media_type.lower()


def _utf8(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InferenceError(f"the body is not UTF-8: {error}") from error
