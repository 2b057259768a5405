import { InvalidArgumentError, Option } from 'commander'
import { LABEL_RULE, type ModelFormat, type NameRule, SUBDOMAIN_RULE } from '../../manifests/index.ts'
import { readQuantity } from '../../resources/index.ts'

/** A request and a limit, as Kubernetes has them for a container. */
export interface RequestAndLimit {
  readonly request: string
  readonly limit: string
}

/** `--output`, which all that write manifests have. */
export function outputFlag(): Option {
  return new Option('-o, --output <format>', 'how to write it').choices(['yaml', 'json']).default('yaml')
}

/** Reads `NAME[:VERSION]`. */
export function toFormat(text: string): Pick<ModelFormat, 'name' | 'version'> {
  const match = /^([^\s:]{1,100})(?::([^\s:]{1,100}))?$/.exec(text)
  if (match === null) throw new InvalidArgumentError('It must be NAME or NAME:VERSION, such as sklearn:1.')
  return match[2] === undefined ? { name: match[1]! } : { name: match[1]!, version: match[2] }
}

/** A parser of the names of objects. */
function nameOf(rule: NameRule): (text: string) => string {
  return text => {
    if (rule.accepts(text)) return text
    throw new InvalidArgumentError(`${rule.text[0]!.toUpperCase()}${rule.text.slice(1)}.`)
  }
}

/** Reads `REQUEST[:LIMIT]`, two quantities of Kubernetes. */
export function toRequestAndLimit(text: string): RequestAndLimit {
  const [request, limit = request, ...rest] = text.split(':')
  const [least, most] = [readQuantity(request), readQuantity(limit)]
  if (rest.length > 0 || least === undefined || most === undefined || least > most) {
    throw new InvalidArgumentError('It must be a quantity, such as 500m or 1Gi, or REQUEST:LIMIT.')
  }
  return { request: request!, limit: limit! }
}

/** Gathers `NAME=VALUE` of a flag that may be repeated. */
export function toPair(
  text: string,
  before: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const match = /^([A-Za-z_.-][\w.-]*)=([^]*)$/.exec(text)
  if (match === null) throw new InvalidArgumentError('It must be NAME=VALUE.')
  return { ...before, [match[1]!]: match[2]! }
}

/** Reads what becomes part of host names: a model or a namespace. */
export const toLabel = nameOf(LABEL_RULE)
/** Reads the name of a runtime. */
export const toRuntimeName = nameOf(SUBDOMAIN_RULE)
