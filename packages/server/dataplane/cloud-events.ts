import { readFileSync } from 'node:fs'
import type { ServerLogger } from '../base/index.ts'

/** Response headers that have been checked already: names in lower case, values that every protocol carries. */
export type CheckedHeaders = readonly (readonly [name: string, value: string])[]

/** Describes answers as events, as MLServer does (CloudEvents 0.3 in headers), for every protocol. */
export interface CloudEvents {
  /** What all answers of one model say, put together once. */
  ofModel(modelName: string): ModelEvents
}

/** The headers of an answer with this id; without one those that say whose event it is are left out. */
export type ModelEvents = (id: string | undefined) => CheckedHeaders

/** What these may take up beside the headers that a model sets: clients limit the size of all together. */
const MAX_FIXED_BYTES = 1536
const MAX_ID_BYTES = 256

/**
 * @param namespace that of the Kubernetes service account, or `undefined` outside a cluster
 * @param log told once for each model whose headers would be too large; its answers have none then
 */
export function createCloudEvents(options: {
  readonly serverName: string
  readonly namespace: string | undefined
  readonly log: ServerLogger
}): CloudEvents {
  const { serverName, namespace, log } = options
  const source = `io.seldon.serving.deployment.${serverName}${namespace === undefined ? '' : `.${namespace}`}`
  return {
    ofModel(modelName) {
      const fixed = [
        ['ce-specversion', '0.3'],
        ['ce-source', headerValue(source)],
        ['ce-type', 'io.seldon.serving.inference.response'],
        ['ce-modelid', headerValue(modelName)],
        ['ce-inferenceservicename', headerValue(serverName)],
        ['ce-endpoint', headerValue(modelName)],
        ...(namespace === undefined ? [] : [['ce-namespace', namespace] as const]),
      ] as const
      if (sizeBytes(fixed) > MAX_FIXED_BYTES) {
        log.warn('answers have no CloudEvents headers: the names of server and model are too long for them', {
          model: modelName,
        })
        return () => []
      }
      return id => {
        if (id === undefined || id === '') return fixed
        // An id that is too long for a header is whole in the body.
        const value = id.length > MAX_ID_BYTES ? id : headerValue(id)
        return value.length > MAX_ID_BYTES ? fixed : [...fixed, ['ce-id', value], ['ce-requestid', value]]
      }
    },
  }
}

/** Where Kubernetes puts the namespace of a pod. */
const NAMESPACE_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace'

/**
 * The namespace that this process runs in, `undefined` outside a cluster.
 * @throws nothing: what is no name of a namespace is logged and left out
 */
export function readNamespace(log: ServerLogger, file = NAMESPACE_FILE): string | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch {
    return undefined
  }
  // RFC 1123 label, which is what Kubernetes allows.
  if (/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(text)) return text
  log.warn(`${file} does not hold the name of a Kubernetes namespace; CloudEvents headers go without it`)
  return undefined
}

/**
 * Text as it can stand in a header; what cannot is percent-encoded as the HTTP binding of CloudEvents has it
 * (space, quote, percent, and all beyond printable ASCII). Only text that needs it: an id comes back as it was.
 */
function headerValue(text: string): string {
  if (/^[!-~](?:[ -~]*[!-~])?$/.test(text)) return text
  return text
    .toWellFormed()
    .replace(/[^!-~]|["%]/gu, character =>
      Array.from(Buffer.from(character), byte => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(
        '',
      ),
    )
}

function sizeBytes(headers: CheckedHeaders): number {
  return headers.reduce((total, [name, value]) => total + name.length + value.length, 0)
}
