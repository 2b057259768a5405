import { gzipSync } from 'node:zlib'
import { Header } from 'tar'

/** A signature as clients send it. */
export const SIGNATURE = {
  signatureName: 'scale',
  inputs: [{ name: 'xs', dtype: 'DT_DOUBLE', shape: { dims: [-1, 2] }, profile: 'NUMERICAL' }],
  outputs: [{ name: 'total', dtype: 'DT_DOUBLE', shape: { dims: [] }, profile: 'NUMERICAL' }],
}

/** Metadata of an upload that is right. */
export function metadataOf(name: string, more: object = {}): object {
  return {
    name,
    runtime: { name: 'hydrosphere/serving-runtime-python-3.7', tag: '3.0.3' },
    modelSignature: SIGNATURE,
    metadata: { author: 'ann' },
    ...more,
  }
}

/** An entry of an archive, right or wrong. */
export interface TarEntry {
  readonly path: string
  readonly type?: 'File' | 'Directory' | 'SymbolicLink' | 'Link' | 'CharacterDevice' | 'FIFO'
  readonly text?: string | Uint8Array
  readonly linkpath?: string
  readonly mode?: number
}

/** The bytes of an archive with these entries, whatever they are. */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  const blocks: Buffer[] = []
  for (const { path, type = 'File', text = '', linkpath, mode = 0o644 } of entries) {
    const body = Buffer.from(text as string)
    const block = Buffer.alloc(512)
    new Header({
      path,
      type,
      size: body.byteLength,
      mode,
      mtime: new Date(0),
      ...(linkpath && { linkpath }),
    }).encode(block)
    blocks.push(block, body, Buffer.alloc((512 - (body.byteLength % 512)) % 512))
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

export function payloadOf(files: Readonly<Record<string, string | Uint8Array>>): Buffer {
  return gzipSync(tarOf(Object.entries(files).map(([path, text]) => ({ path, text }))))
}

/** A part of a form; with a file name it is a file. */
export type Part = readonly [name: string, content: string | Uint8Array, fileName?: string]

export async function postParts(url: string, parts: readonly Part[]): Promise<Response> {
  const form = new FormData()
  for (const [name, content, fileName] of parts) {
    if (fileName === undefined) form.append(name, String(content))
    else form.append(name, new Blob([Buffer.from(content as string)]), fileName)
  }
  return fetch(`${url}/api/v2/model/upload`, { method: 'POST', body: form })
}

export async function upload(url: string, metadata: object, payload: Uint8Array): Promise<Response> {
  return postParts(url, [
    ['payload', payload, 'filename'],
    ['metadata', JSON.stringify(metadata)],
  ])
}

/** What an upload answers, and events carry. */
export interface VersionJson {
  readonly id: number
  readonly status: string
  readonly modelVersion: number
  readonly statusMessage: string | null
  readonly finished: string | null
}

export interface ServerEvent {
  readonly event: string
  readonly id?: string
  readonly data: string
}

/** Reads server-sent events until the stream ends. */
export async function* readEvents(response: Response): AsyncGenerator<ServerEvent> {
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const blocks = text.split('\n\n')
    text = blocks.pop()!
    for (const block of blocks) {
      const fields = block.split('\n').filter(line => !line.startsWith(':'))
      if (fields.length === 0) continue
      const of = (name: string) =>
        fields.filter(line => line.startsWith(`${name}: `)).map(line => line.slice(name.length + 2))
      const [id] = of('id')
      yield { event: of('event')[0] ?? 'message', ...(id && { id }), data: of('data').join('\n') }
    }
  }
}

/** Follows the log of a build until it is over. */
export async function buildLog(url: string, id: number): Promise<readonly string[]> {
  const response = await fetch(`${url}/api/v2/model/version/${id}/logs`)
  const lines: string[] = []
  for await (const { event, data } of readEvents(response)) if (event === 'Log') lines.push(data)
  return lines
}

/** Uploads and waits for the end of the build. */
export async function uploadAndBuild(
  url: string,
  metadata: object,
  payload: Uint8Array,
): Promise<{ readonly version: VersionJson; readonly log: readonly string[] }> {
  const response = await upload(url, metadata, payload)
  const answer = (await response.json()) as VersionJson & { readonly message?: string }
  if (!response.ok) throw new Error(`${response.status}: ${answer.message}`)
  const log = await buildLog(url, answer.id)
  const list = (await (await fetch(`${url}/api/v2/model/version`)).json()) as VersionJson[]
  return { version: list.find(({ id }) => id === answer.id)!, log }
}
