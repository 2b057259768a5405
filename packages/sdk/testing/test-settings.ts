import { resolve } from 'node:path'
import type { ModelSettings } from '../model/index.ts'

/** The settings that a file with nothing but these in it would give. */
export function testSettings(className: string, given: Partial<ModelSettings> = {}): ModelSettings {
  const name = kebabCase(className)
  const folder = resolve(given.folder ?? '.')
  return {
    name,
    version: undefined,
    implementation: `./${name}.ts:${className}`,
    uri: folder,
    platform: '',
    versionNotes: [],
    inputs: [],
    outputs: [],
    enforceContract: true,
    contentType: undefined,
    extra: {},
    parameters: {},
    ...given,
    folder,
  }
}

/** `HousePrices` → `house-prices`, `ONNXModel` → `onnx-model`; what has no name is `model`. */
function kebabCase(className: string): string {
  const words = className
    .replace(/([a-z\d])([A-Z])/g, '$1-$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1-$2')
    .toLowerCase()
  return words === '' || words === 'default' ? 'model' : words
}
