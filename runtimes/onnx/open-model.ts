import { dirname } from 'node:path'
import type { ModelSettings } from '@millrace/sdk'
import { InferenceSession } from 'onnxruntime-node'
import { editedModel } from './edited-model.ts'
import { type GraphPlan, type Port, planGraph } from './graph-plan.ts'
import { type OnnxFile, readOnnxFile } from './model-proto/index.ts'
import { loadError } from './ort-errors.ts'
import { checkFreeDimensions } from './session-options.ts'

/** A file that is open in ONNX Runtime, with what is served of it. */
export interface OpenModel {
  readonly session: InferenceSession
  readonly inputs: readonly Port[]
  readonly outputs: readonly Port[]
  /** What the file says of where it comes from, for the log. */
  readonly notes: Readonly<Record<string, unknown>>
}

/**
 * Opens a model file. Where its graph has inputs or outputs that ONNX Runtime does not exchange with JavaScript, a changed
 * copy of it is opened, from memory.
 * @throws ServingError FAILED_PRECONDITION naming the file and what is wrong with it; INVALID_ARGUMENT for a wrong option
 */
export async function openModel(
  path: string,
  options: InferenceSession.SessionOptions,
  settings: Pick<ModelSettings, 'inputs' | 'outputs'>,
): Promise<OpenModel> {
  const file = readOnnxFile(path)
  checkFreeDimensions(options, freeDimensions(file))
  const plan = planGraph(file, {
    inputs: settings.inputs.map(({ name }) => name),
    outputs: settings.outputs.map(({ name }) => name),
  })
  try {
    const session = await createSession(file, plan, options)
    return { session, inputs: plan.inputs, outputs: plan.outputs, notes: notesOf(file) }
  } catch (error) {
    throw loadError(error, path, options.executionProviders)
  }
}

async function createSession(
  file: OnnxFile,
  { edits }: GraphPlan,
  options: InferenceSession.SessionOptions,
): Promise<InferenceSession> {
  if (edits.added.length === 0 && edits.removed.length === 0)
    return InferenceSession.create(file.path, options)
  // What comes from memory has no folder of its own where tensors in other files could be found.
  const folder = { 'session.model_external_initializers_file_folder_path': dirname(file.path) }
  const extra = file.hasExternalData ? { ...options.extra, ...folder } : options.extra
  return InferenceSession.create(
    editedModel(file, edits),
    extra === undefined ? options : { ...options, extra },
  )
}

function freeDimensions(file: OnnxFile): ReadonlySet<string> {
  const names = new Set<string>()
  for (const { type } of [...file.inputs, ...file.outputs]) {
    if (type.kind !== 'tensor') continue
    for (const extent of type.shape ?? []) if (typeof extent === 'string' && extent !== '') names.add(extent)
  }
  return names
}

function notesOf(file: OnnxFile): Readonly<Record<string, unknown>> {
  const { producer, irVersion, opsets, properties } = file
  return {
    producer,
    irVersion,
    opsets: Object.fromEntries(opsets),
    properties: Object.fromEntries(properties),
  }
}
