"""Asks MLServer's own runtime for scikit-learn the requests of FOLDER/cases.json, and prints what it answers.

    python stock-answers.py FOLDER

One JSON object a line, in the order of the requests: `outputs` and `parameters`, or the `status` of an error.
"""

import asyncio
import json
import sys
import warnings
from pathlib import Path

from mlserver import ModelSettings
from mlserver.errors import MLServerError
from mlserver.types import InferenceRequest
from mlserver_sklearn import SKLearnModel

FOLDER = Path(sys.argv[1])
warnings.simplefilter("ignore")


async def main():
    models = {}
    for case in json.loads((FOLDER / "cases.json").read_text()):
        name = case["model"]
        if name not in models:
            models[name] = SKLearnModel(ModelSettings.parse_file(FOLDER / "models" / name / "model-settings.json"))
            await models[name].load()
        try:
            response = await models[name].predict(InferenceRequest.model_validate(case["request"]))
            answer = json.loads(response.model_dump_json(exclude_none=True))
        except MLServerError as error:
            answer = {"status": error.status_code}
        except Exception as error:
            answer = {"status": 500, "error": repr(error)}
        print(json.dumps(answer))


asyncio.run(main())
