import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type BoundModel,
  bindModel,
  type InferenceRequest,
  type LoadContext,
  type ModelSettings,
  type RequestContext,
  type TensorLike,
  toTensor,
} from '@millrace/sdk'
import { PythonModel } from './python-model.ts'

/** A Python with numpy: that of MILLRACE_TEST_PYTHON, else `python3` if it has it, else undefined. */
export const PYTHON = [process.env['MILLRACE_TEST_PYTHON'], 'python3'].find(candidate => {
  if (candidate === undefined || candidate === '') return false
  try {
    execFileSync(candidate, ['-c', 'import numpy'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})

/** Why tests that need numpy are left out; false where they run. */
export const SKIP =
  PYTHON === undefined &&
  'no Python with numpy: set MILLRACE_TEST_PYTHON to one, such as /opt/venv/bin/python'

export interface LogLine {
  readonly level: string
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** A loaded Python model, and what it logged and measured. */
export interface Bed extends AsyncDisposable {
  readonly folder: string
  readonly model: PythonModel
  readonly bound: BoundModel
  readonly lines: readonly LogLine[]
  readonly observed: Readonly<Record<string, number[]>>
  /** Fulfilled with the first line that has this in it, also one that is there already. */
  logged(text: string): Promise<LogLine>
  ask(inputs: readonly TensorLike[], call?: BedCall): ReturnType<BoundModel['predict']>
  context(call?: BedCall): RequestContext
}

export interface BedCall
  extends Partial<Pick<RequestContext, 'signal' | 'deadlineMs' | 'headers' | 'setHeader'>> {
  readonly parameters?: InferenceRequest['parameters']
  readonly outputs?: InferenceRequest['outputs']
}

export interface BedOptions extends Partial<ModelSettings> {
  readonly signal?: AbortSignal
  /** Gets the bed's log before the load begins, for loads that fail. */
  readonly lines?: LogLine[]
}

function unused(): never {
  throw new Error('only histograms are used')
}

/** Writes `model.py` into a folder of its own and loads its class `Model`. */
export async function openBed(source: string, options: BedOptions = {}): Promise<Bed> {
  const { signal = new AbortController().signal, lines = [], ...settings } = options
  const folder = await mkdtemp(join(tmpdir(), 'millrace-python-'))
  await writeFile(join(folder, 'model.py'), source)
  const waiting = new Set<() => void>()
  const observed: Record<string, number[]> = {}
  const writer =
    (level: string) =>
    (message: string, fields: LogLine['fields'] = {}): void => {
      lines.push({ level, message, fields })
      for (const look of waiting) look()
    }
  const log = { debug: writer('debug'), info: writer('info'), warn: writer('warn'), error: writer('error') }
  const metrics: LoadContext['metrics'] = {
    counter: unused,
    gauge: unused,
    histogram: name => value => {
      observed[name] = [...(observed[name] ?? []), value]
    },
  }
  const model = new PythonModel({
    name: 'bed',
    version: 'v1',
    implementation: 'model.Model',
    folder,
    uri: folder,
    platform: '',
    versionNotes: [],
    inputs: [],
    outputs: [],
    enforceContract: true,
    contentType: undefined,
    extra: PYTHON === undefined ? {} : { python: PYTHON },
    parameters: {},
    ...settings,
  })
  try {
    model.isReady = await model.load({ signal, log, metrics })
  } catch (error) {
    await rm(folder, { recursive: true })
    throw error
  }
  const bound = bindModel(model)

  const context = (call: BedCall = {}): RequestContext => ({
    headers: call.headers ?? {},
    signal: call.signal ?? new AbortController().signal,
    deadlineMs: call.deadlineMs ?? Number.POSITIVE_INFINITY,
    setHeader: call.setHeader ?? (() => undefined),
    log,
    metrics,
  })
  return {
    folder,
    model,
    bound,
    lines,
    observed,
    context,
    logged(text) {
      const find = () => lines.find(({ message }) => message.includes(text))
      return new Promise(resolve => {
        const look = (): void => {
          const line = find()
          if (line === undefined) return
          waiting.delete(look)
          resolve(line)
        }
        waiting.add(look)
        look()
      })
    },
    ask: (inputs, call = {}) =>
      bound.predict(
        {
          modelName: 'bed',
          id: 'r1',
          inputs: inputs.map(toTensor),
          parameters: call.parameters,
          outputs: call.outputs,
        },
        context(call),
      ),
    async [Symbol.asyncDispose]() {
      await model.unload()
      await rm(folder, { recursive: true })
    },
  }
}

/** What most classes begin with. */
export const IMPORTS = `
import asyncio, os, sys, time
import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.errors import MLServerError
from mlserver.types import InferenceRequest, InferenceResponse, Parameters, ResponseOutput

def answer(model, **outputs):
    encoded = [NumpyCodec.encode_output(name, np.asarray(value)) for name, value in outputs.items()]
    return InferenceResponse(model_name=model.name, outputs=encoded)
`
