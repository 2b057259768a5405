import { type Findings, shown } from './violation.ts'

const PART = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?'
const LABEL = new RegExp(`^${PART}$`)
const SUBDOMAIN = new RegExp(`^${PART}(?:\\.${PART})*$`)

/** How an object of a kind may be named. */
export interface NameRule {
  readonly accepts: (name: string) => boolean
  /** As the end of a sentence. */
  readonly text: string
}

/** What becomes part of host names, such as a model or a namespace: a label of RFC 1123. */
export const LABEL_RULE: NameRule = {
  accepts: name => name.length <= 63 && LABEL.test(name),
  text: 'it must have at most 63 lower-case letters, digits and dashes, and begin and end with a letter or digit',
}

/** Every other object: a subdomain of RFC 1123, such as `mlserver-1.x`. */
export const SUBDOMAIN_RULE: NameRule = {
  accepts: name => name.length <= 253 && SUBDOMAIN.test(name),
  text: 'it must have at most 253 lower-case letters, digits, dashes and dots, and begin and end with a letter or digit',
}

/** The name and namespace that every object has. */
export function checkMetadata(metadata: unknown, rule: NameRule, findings: Findings): void {
  if (typeof metadata !== 'object' || metadata === null) {
    findings.add('metadata', 'is missing; it must hold at least a name')
    return
  }
  const { name, namespace } = metadata as { name?: unknown; namespace?: unknown }
  if (typeof name !== 'string' || !rule.accepts(name)) {
    findings.add('metadata.name', `${shown(name)} cannot be a name; ${rule.text}`)
  }
  if (namespace !== undefined && (typeof namespace !== 'string' || !LABEL_RULE.accepts(namespace))) {
    findings.add('metadata.namespace', `${shown(namespace)} cannot be a namespace; ${LABEL_RULE.text}`)
  }
}
