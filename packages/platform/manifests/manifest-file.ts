import { ServingError } from '@millrace/sdk'
import { type Document, isNode, LineCounter, parseAllDocuments, stringify } from 'yaml'
import type { InferenceService, Predictor } from './inference-service.ts'
import { checkInferenceService, checkPredictor } from './inference-service-rules.ts'
import type { ServingRuntime } from './serving-runtime.ts'
import { checkServingRuntime } from './serving-runtime-rules.ts'
import { checkShape } from './shapes.ts'
import { shown, type Violation } from './violation.ts'

export type Manifest = ServingRuntime | InferenceService | Predictor

const FILE_BYTES_MAX = 1024 * 1024
const KINDS = {
  ServingRuntime: 'serving.kserve.io/v1alpha1',
  ClusterServingRuntime: 'serving.kserve.io/v1alpha1',
  Predictor: 'serving.kserve.io/v1alpha1',
  InferenceService: 'serving.kserve.io/v1beta1',
} as const

/**
 * Reads and checks every document of a YAML or JSON file.
 * @param file as the user named it, for messages
 * @throws ServingError INVALID_ARGUMENT with a line for everything that is wrong: file, line, column, field, value, rule
 */
export function readManifests(text: string, file: string): readonly Manifest[] {
  if (Buffer.byteLength(text) > FILE_BYTES_MAX) {
    throw new ServingError('INVALID_ARGUMENT', `${file}: the file has more than ${FILE_BYTES_MAX} bytes`)
  }
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false })
  const problems: string[] = []
  const manifests: Manifest[] = []
  for (const document of Array.isArray(documents) ? documents : []) {
    const at = (offset: number) => {
      const { line, col } = lines.linePos(offset)
      return `${file}, line ${line}, column ${col}`
    }
    for (const { message, pos } of document.errors)
      problems.push(`${at(pos[0])}: this is not YAML: ${message}`)
    if (document.errors.length > 0) continue
    const value = readValue(document, problems, at)
    if (value === null || value === undefined) continue
    const manifest = value as Manifest
    for (const { path, message } of checkManifest(manifest)) {
      problems.push(`${at(offsetOf(document, path))}: ${path}: ${message}`)
    }
    manifests.push(manifest)
  }
  if (problems.length > 0) throw new ServingError('INVALID_ARGUMENT', problems.join('\n'))
  if (manifests.length === 0)
    throw new ServingError('INVALID_ARGUMENT', `${file}: there is no manifest in it`)
  return manifests
}

/** @throws ServingError INVALID_ARGUMENT with a line for every rule that a manifest breaks */
export function requireValid(manifest: Manifest): void {
  const violations = checkManifest(manifest)
  if (violations.length === 0) return
  const text = violations.map(({ path, message }) => `${path}: ${message}`).join('\n')
  throw new ServingError('INVALID_ARGUMENT', text)
}

/** A manifest as it is given to Kubernetes. */
export function writeManifest(manifest: Manifest, format: 'yaml' | 'json'): string {
  if (format === 'json') return `${JSON.stringify(manifest, null, 2)}\n`
  // Texts that look like numbers keep their quotes, so that variables stay texts.
  return stringify(manifest, { lineWidth: 0, aliasDuplicateObjects: false })
}

function checkManifest(manifest: Manifest): readonly Violation[] {
  if (typeof manifest !== 'object' || manifest === null || Array.isArray(manifest)) {
    return [{ path: 'kind', message: `is missing; found ${shown(manifest)} in place of a manifest` }]
  }
  const { kind, apiVersion } = manifest as { kind?: unknown; apiVersion?: unknown }
  const expected = Object.hasOwn(KINDS, String(kind)) ? KINDS[kind as keyof typeof KINDS] : undefined
  if (expected === undefined) {
    return [
      {
        path: 'kind',
        message: `${shown(kind)} is not known here; allowed are ${Object.keys(KINDS).join(', ')}`,
      },
    ]
  }
  if (apiVersion !== expected) {
    return [{ path: 'apiVersion', message: `${shown(apiVersion)} must be ${expected} for a ${String(kind)}` }]
  }
  const ofOtherType = checkShape(manifest.kind, manifest)
  if (ofOtherType.length > 0) return ofOtherType
  switch (manifest.kind) {
    case 'InferenceService':
      return checkInferenceService(manifest)
    case 'Predictor':
      return checkPredictor(manifest)
    default:
      return checkServingRuntime(manifest)
  }
}

function readValue(document: Document, problems: string[], at: (offset: number) => string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    problems.push(
      `${at(document.range?.[0] ?? 0)}: ${error instanceof Error ? error.message : String(error)}`,
    )
    return undefined
  }
}

/** Where a path begins in the file; for something that is missing, where it would have to be. */
function offsetOf(document: Document, path: string): number {
  const steps = [...path.matchAll(/\['([^']*)'\]|\[(\d+)\]|([^.[\]]+)/g)].map(
    ([, quoted, index, name]) => quoted ?? (index === undefined ? name! : Number(index)),
  )
  for (let length = steps.length; length > 0; length--) {
    const node: unknown = document.getIn(steps.slice(0, length), true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return isNode(document.contents) && document.contents.range ? document.contents.range[0] : 0
}
