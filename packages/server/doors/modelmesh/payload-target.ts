import { ServingError } from '@millrace/sdk'

/** Who is told of which requests and answers. */
export interface PayloadTarget {
  /** Undefined for the server's log. */
  readonly url: string | undefined
  /** Undefined for all. */
  readonly modelId: string | undefined
  /** The name of a method, with its service or without; undefined for all. */
  readonly method: string | undefined
}

const MAX_TARGETS = 64
const FORM = /^([a-z][a-z\d+.-]*):\/\/([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/i

/**
 * Reads URIs with blanks between them: `http://collector:8080/consume?my-model#package.Service/Method`, `logger://*`. After
 * `?` stands a model, after `#` a method; none and `*` are all.
 * @throws ServingError INVALID_ARGUMENT beginning with `subject`
 */
export function readPayloadTargets(text: string, subject: string): readonly PayloadTarget[] {
  const uris = text.split(/\s+/).filter(uri => uri !== '')
  if (uris.length > MAX_TARGETS)
    throw invalid(`${subject} has ${uris.length} URIs, allowed are ${MAX_TARGETS}`)
  return uris.map(uri => {
    const [, scheme = '', place = '', model, method] = FORM.exec(uri) ?? []
    const isHttp = scheme.toLowerCase() === 'http'
    const url = `http://${place}`
    if ((!isHttp && scheme.toLowerCase() !== 'logger') || (isHttp && !URL.canParse(url))) {
      throw invalid(
        `${subject} has ${JSON.stringify(uri)}; allowed are URIs that begin with http:// or logger://`,
      )
    }
    return { url: isHttp ? url : undefined, modelId: filter(model), method: filter(method) }
  })
}

function filter(text: string | undefined): string | undefined {
  if (text === undefined || text === '' || text === '*') return undefined
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
