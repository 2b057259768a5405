/** A refusal or a failure, with a text that a person can read. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** Of the HTTP answer; 0 when there was none. */
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface AskOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Sent as JSON; a text is sent as it is. */
  readonly body?: object | string
  readonly signal?: AbortSignal
}

/**
 * Asks the platform, and reads the JSON of its answer; the caller knows as what.
 * @throws ApiError for every other answer, and for none; the signal's reason when it is aborted
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
export async function ask<T>(path: string, options: AskOptions = {}): Promise<T> {
  return JSON.parse(await askText(path, options)) as T
}

/** As `ask`, with the text of the answer: numbers of 64 bits are still whole there. */
export async function askText(
  path: string,
  { method = 'GET', body, signal }: AskOptions = {},
): Promise<string> {
  const init: RequestInit = { method, signal: signal ?? null }
  if (body !== undefined) {
    init.body = typeof body === 'string' ? body : JSON.stringify(body)
    init.headers = { 'content-type': 'application/json' }
  }
  let response: Response
  let text: string
  try {
    response = await fetch(path, init)
    text = await response.text()
  } catch (error) {
    signal?.throwIfAborted()
    throw new ApiError(0, `The platform does not answer (${reasonOf(error)}). Does millrace up still run?`)
  }
  if (!response.ok) throw new ApiError(response.status, messageOf(response.status, text))
  return text
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The manager says `message`, the gateway `information`, monitoring `errors`; whoever stands before them, anything. */
export function messageOf(status: number, text: string): string {
  const said = readMessage(text)
  if (said !== undefined && said !== '') return said
  const plain = text.trim()
  return plain === '' || plain.startsWith('<')
    ? `The platform answered with status ${status}.`
    : plain.slice(0, 2_000)
}

function readMessage(text: string): string | undefined {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof body !== 'object' || body === null) return undefined
  const { message, information, errors, error } = body as Readonly<Record<string, unknown>>
  if (typeof message === 'string') return message
  if (typeof information === 'string') return information
  if (Array.isArray(errors)) return errors.map(String).join('\n')
  return typeof error === 'string' ? error : undefined
}
