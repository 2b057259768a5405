import { isGeneratorFunction } from 'node:util/types'
import { ServingError } from '../errors/index.ts'
import { describeValue } from '../tensor/index.ts'
import type { RequestContext } from './context.ts'
import { CONTRACT } from './contract-model.ts'
import type { InferenceRequest, PlainResponse } from './inference.ts'
import { type BaseModel, Model } from './model.ts'
import type { ModelSettings } from './settings.ts'

/** A class that Millrace can make a model of. */
export type ModelClass = new (settings: ModelSettings) => BaseModel

/** A model that is nothing but its answer to a request. */
export type ModelFunction = (
  request: InferenceRequest,
  context: RequestContext,
) => PlainResponse | Promise<PlainResponse>

/** What an author may write where a model is expected; see {@link toModelClass}. */
export type ModelImplementation = (new (settings: ModelSettings) => object) | ModelFunction

/**
 * Makes a model class of what an author exports:
 *
 * - a class that extends `Model` or `ContractModel(…)`: itself;
 * - any other class with `predict` or `predictStream` among its methods, such as one that extends the
 *   `Model` of another copy of this package: a subclass with what `Model` adds, where it is missing;
 * - a plain function `(request, context) => response`: a model without a life cycle.
 *
 *     const Echo = toModelClass(({ inputs }: InferenceRequest) => ({ outputs: inputs }))
 *
 * @throws ServingError INVALID_ARGUMENT for anything else, saying what is accepted
 */
export function toModelClass(implementation: unknown): ModelClass {
  if (isModelClass(implementation)) return implementation
  if (isAnsweringClass(implementation)) return completed(implementation)
  if (isPlainFunction(implementation)) return functionModel(implementation)
  throw new ServingError(
    'INVALID_ARGUMENT',
    `the implementation is ${describe(implementation)}; expected a class that extends Model or ContractModel(…), ` +
      'a class with a predict or predictStream method, or a function (request, context) => response',
  )
}

/** A class whose prototype has at least one of the two methods; `Model` has the rest. */
type AnsweringClass = new (settings: ModelSettings) => { -readonly [member in keyof Model]?: Model[member] }

const ANSWERS = ['predict', 'predictStream'] as const

function isModelClass(implementation: unknown): implementation is ModelClass {
  const prototype = prototypeOf(implementation)
  return prototype !== null && (prototype instanceof Model || CONTRACT in prototype)
}

function isAnsweringClass(implementation: unknown): implementation is AnsweringClass {
  const prototype = prototypeOf(implementation)
  return prototype !== null && ANSWERS.some(method => typeof Reflect.get(prototype, method) === 'function')
}

function isPlainFunction(implementation: unknown): implementation is ModelFunction {
  return (
    typeof implementation === 'function' && !isClass(implementation) && !isGeneratorFunction(implementation)
  )
}

function isClass(implementation: unknown): boolean {
  // The language makes this property of a function writable, and that of a class not.
  return (
    typeof implementation === 'function' &&
    Object.getOwnPropertyDescriptor(implementation, 'prototype')?.writable === false
  )
}

function prototypeOf(implementation: unknown): object | null {
  if (typeof implementation !== 'function') return null
  const prototype: unknown = implementation.prototype
  return typeof prototype === 'object' ? prototype : null
}

/** A subclass rather than a wrapper: what the author's `load` sets on `this` is set on the model. */
function completed(implementation: AnsweringClass): ModelClass {
  class Completed extends implementation {
    constructor(settings: ModelSettings) {
      super(settings)
      this.settings ??= settings
      this.inputs ??= settings.inputs
      this.outputs ??= settings.outputs
      this.isReady ??= true
      this.routes ??= []
    }
  }
  Object.defineProperty(Completed, 'name', { value: implementation.name })
  for (const method of ANSWERS) {
    if (typeof Reflect.get(Completed.prototype, method) === 'function') continue
    Object.defineProperty(Completed.prototype, method, { value: Reflect.get(Model.prototype, method) })
  }
  // The constructor and the loop above have given it every member that was missing.
  return Completed as ModelClass
}

function functionModel(answer: ModelFunction): ModelClass {
  class FunctionModel extends Model {
    override predict(request: InferenceRequest, context: RequestContext) {
      return answer(request, context)
    }
  }
  if (answer.name !== '') Object.defineProperty(FunctionModel, 'name', { value: answer.name })
  return FunctionModel
}

function describe(implementation: unknown): string {
  if (typeof implementation !== 'function') return describeValue(implementation)
  const kind = isClass(implementation) ? 'the class' : 'the generator function'
  return `${kind} ${implementation.name || '(anonymous)'}`
}
