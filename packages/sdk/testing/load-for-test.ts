import type { ContractDefinition } from '../contract/index.ts'
import {
  bindModel,
  type ModelImplementation,
  type ModelSettings,
  type TypedModel,
  toModelClass,
} from '../model/index.ts'
import { recordLog } from './recorded-log.ts'
import { recordMetrics } from './recorded-metrics.ts'
import { testSettings } from './test-settings.ts'
import { createTestedModel, type TestedModel } from './tested-model.ts'

export interface TestOptions {
  /**
   * Settings that matter to the model. Default: the name of the class in kebab-case, the current folder,
   * no declared inputs and outputs, the contract enforced.
   */
  readonly settings?: Partial<ModelSettings>
  /** Headers of every call; those of one call go before them. */
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * Makes and loads a model in memory, ready to be asked. The implementation is what a settings file
 * would name: a class that extends `Model` or `ContractModel(…)`, any class with `predict` or
 * `predictStream`, or a plain function.
 *
 *     import assert from 'node:assert/strict'
 *     import { test } from 'node:test'
 *     import { ContractModel, defineContract, type InputValues } from '@millrace/sdk'
 *     import { loadForTest } from '@millrace/sdk/testing'
 *
 *     const contract = defineContract({
 *       inputs: { text: { datatype: 'BYTES', shape: [-1], contentType: 'str' } },
 *       outputs: { length: { datatype: 'INT32', shape: [-1] } },
 *     })
 *
 *     class Length extends ContractModel(contract) {
 *       override predict({ text }: InputValues<typeof contract>) {
 *         return { length: text.map(value => value.length) }
 *       }
 *     }
 *
 *     test('counts letters', async () => {
 *       await using model = await loadForTest(Length)
 *       const { values } = await model.predict({ text: ['one', 'three'] })
 *       assert.deepEqual(values.length, Int32Array.of(3, 5))
 *     })
 *
 * @throws ServingError INVALID_ARGUMENT for something that is no implementation, or a contract that
 * contradicts itself; what the constructor or `load` throws, as it is
 */
export function loadForTest<C extends ContractDefinition>(
  implementation: new (settings: ModelSettings) => TypedModel<C>,
  options?: TestOptions,
): Promise<TestedModel<C>>
export function loadForTest(implementation: ModelImplementation, options?: TestOptions): Promise<TestedModel>
export async function loadForTest(
  implementation: ModelImplementation,
  { settings, headers = {} }: TestOptions = {},
): Promise<TestedModel> {
  const Implementation = toModelClass(implementation)
  const { log, recorded: recordedLog } = recordLog()
  const { metrics, recorded: recordedMetrics } = recordMetrics()
  const model = new Implementation(testSettings(implementation.name, settings))
  // Nothing stops a load under test but the test's own time limit.
  const loaded = await model.load?.({ signal: new AbortController().signal, log, metrics })
  if (loaded === false) model.isReady = false
  return createTestedModel(bindModel(model), { log, recordedLog, metrics, recordedMetrics }, headers)
}
