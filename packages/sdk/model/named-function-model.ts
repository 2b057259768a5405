import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { FieldDefinition, TensorSpec } from '../contract/index.ts'
import { ServingError } from '../errors/index.ts'
import type { RequestContext } from './context.ts'
import { CONTRACT, TypedModel } from './contract-model.ts'
import type { ModelSettings } from './settings.ts'

/** A function of named values, as a runtime of Hydrosphere's calls it: `export function scale({ xs }) { return { total } }`. */
export type NamedFunction = (values: never, context: RequestContext) => unknown

interface SettingsContract {
  readonly inputs: Readonly<Record<string, FieldDefinition>>
  readonly outputs: Readonly<Record<string, FieldDefinition>>
}

/** Where the module is looked for below the artefact, as in Hydrosphere's payloads. */
const MODULES = ['src', '.'].flatMap(folder =>
  ['ts', 'mts', 'js', 'mjs'].map(extension => join(folder, `func_main.${extension}`)),
)

/**
 * Serves one function of a module `func_main`, in `src/` of the artefact or beside it. The function is the one that
 * `parameters.extra.signature_name` names (default `predict`). It is called with one value for each input that the
 * settings declare, and answers with one for each output, as `predict` of a `ContractModel` does.
 */
export class NamedFunctionModel extends TypedModel<SettingsContract> {
  declare readonly [CONTRACT]: SettingsContract
  #answer: NamedFunction | undefined

  /** @throws ServingError INVALID_ARGUMENT for a setting that is none; FAILED_PRECONDITION if there is no such module or function; what importing it throws */
  override async load(): Promise<void> {
    const { uri, extra } = this.settings
    const path = await findModule(uri)
    const name = extra['signature_name'] ?? 'predict'
    if (typeof name !== 'string') {
      const shown = JSON.stringify(name)
      throw new ServingError(
        'INVALID_ARGUMENT',
        `parameters.extra.signature_name is ${shown}; allowed is a text`,
      )
    }
    const module = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>
    const answer = module[name]
    if (typeof answer !== 'function') {
      const functions = Object.keys(module).filter(key => typeof module[key] === 'function')
      throw new ServingError(
        'FAILED_PRECONDITION',
        `${path} exports no function '${name}'; it exports ${functions.join(', ') || 'none'}`,
      )
    }
    this.#answer = answer as NamedFunction
  }

  override async predict(values: object, context: RequestContext): Promise<never> {
    if (this.#answer === undefined)
      throw new ServingError('UNAVAILABLE', `Model ${this.settings.name} is not loaded`)
    // What it returns is checked against the contract before anybody sees it.
    return this.#withScalars(await this.#answer(values as never, context)) as never
  }

  /** A number that stands alone is the value of an output without extents. */
  #withScalars(answer: unknown): unknown {
    if (typeof answer !== 'object' || answer === null) return answer
    const outputs = this[CONTRACT].outputs
    const entries = Object.entries(answer).map(([name, value]: [string, unknown]) =>
      typeof value !== 'object' && outputs[name]?.shape.length === 0
        ? [name, { shape: [], data: [value] }]
        : [name, value],
    )
    return Object.fromEntries(entries)
  }
}

// On the prototype, where the base class looks for it while it constructs: it is the artefact's, and not the code's.
Object.defineProperty(NamedFunctionModel.prototype, CONTRACT, {
  get(this: { readonly settings: ModelSettings }): SettingsContract {
    return { inputs: byName(this.settings.inputs), outputs: byName(this.settings.outputs) }
  },
})

function byName(specs: readonly TensorSpec[]): Record<string, FieldDefinition> {
  return Object.fromEntries(specs.map(({ name, ...field }) => [name, field]))
}

async function findModule(folder: string): Promise<string> {
  for (const name of MODULES) {
    const path = join(folder, name)
    if ((await stat(path).catch(() => undefined))?.isFile() === true) return path
  }
  throw new ServingError('FAILED_PRECONDITION', `${folder} has none of ${MODULES.join(', ')}`)
}
