import { exampleModel, type RuntimeBed, type RuntimeModel } from './runtime-bed.ts'
import { WATCHED_MODEL } from './watched-models.ts'

let count = 0

/** A model of the tests' own, in a folder of the puller's. */
export async function watchedModel(
  bed: RuntimeBed,
  extra: Readonly<Record<string, unknown>> = {},
  settings: Readonly<Record<string, unknown>> = {},
): Promise<RuntimeModel> {
  const modelId = `watched__isvc-${++count}`
  const path = await bed.write(
    `models/${modelId}/m/model-settings.json`,
    JSON.stringify({ name: 'any', implementation: WATCHED_MODEL, parameters: { extra }, ...settings }),
  )
  const modelPath = path.slice(0, path.lastIndexOf('/'))
  return { modelId, modelType: 'rt:ours', modelPath, modelKey: '{"model_type":{"name":"ours"}}' }
}

/** The example of that name, as the puller brings it. */
export async function irisModel(bed: RuntimeBed, modelId = `iris__isvc-${++count}`): Promise<RuntimeModel> {
  const modelPath = await bed.write(`models/${modelId}/model.onnx`, await exampleModel('iris'))
  const modelKey = JSON.stringify({ model_type: { name: 'onnx', version: '1' }, disk_size_bytes: 1000 })
  return { modelId, modelType: 'mt:onnx:1', modelPath, modelKey }
}

/** Asks a model that takes anything; resolves with the name that it answers under. */
export async function ask(
  bed: RuntimeBed,
  modelName: string,
  headers: Readonly<Record<string, string>> = {},
) {
  const { message } = await bed.data.call<{ model_name: string }>(
    'ModelInfer',
    {
      model_name: modelName,
      inputs: [{ name: 'x', datatype: 'BOOL', shape: ['1'], contents: { bool_contents: [true] } }],
    },
    { headers },
  )
  return message.model_name
}
