import { type Findings, shown } from './violation.ts'

const LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/
const LABEL_LENGTH_MAX = 63

/** The name of an object that becomes part of host names: a label of RFC 1123. */
export function isObjectName(name: unknown): name is string {
  return typeof name === 'string' && name.length <= LABEL_LENGTH_MAX && LABEL.test(name)
}

/** How objects may be named, as the end of a sentence. */
export const OBJECT_NAME_RULE =
  'it must have at most 63 lower-case letters, digits and dashes, and begin and end with a letter or digit'

/** The name and namespace that every object has. */
export function checkMetadata(metadata: unknown, findings: Findings): void {
  if (typeof metadata !== 'object' || metadata === null) {
    findings.add('metadata', 'is missing; it must hold at least a name')
    return
  }
  const { name, namespace } = metadata as { name?: unknown; namespace?: unknown }
  if (!isObjectName(name))
    findings.add('metadata.name', `${shown(name)} cannot be a name; ${OBJECT_NAME_RULE}`)
  if (namespace !== undefined && !isObjectName(namespace)) {
    findings.add('metadata.namespace', `${shown(namespace)} cannot be a namespace; ${OBJECT_NAME_RULE}`)
  }
}
