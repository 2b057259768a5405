import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { sendFile } from './http-fixture.ts'

export interface Blob {
  readonly digest: string
  readonly bytes: Buffer
}

/** What a registry holds of the repository `team/models`. */
export interface RegistryContent {
  readonly blobs: Map<string, Buffer>
  /** By tag and by digest. */
  readonly manifests: Map<string, Buffer>
}

export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** A layer of a manifest; its bytes go into the registry. */
export function layer(
  content: RegistryContent,
  bytes: Buffer | string,
  mediaType: string,
  annotations?: Readonly<Record<string, string>>,
): object {
  const buffer = Buffer.from(bytes as string)
  const digest = digestOf(buffer)
  content.blobs.set(digest, buffer)
  return { mediaType, digest, size: buffer.length, annotations }
}

export function titled(content: RegistryContent, title: string, text: string): object {
  const annotations = { 'org.opencontainers.image.title': title }
  return layer(content, text, 'application/octet-stream', annotations)
}

/** Puts a manifest under a tag and its digest, which comes back. */
export function putManifest(content: RegistryContent, tag: string, manifest: object): string {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...manifest }))
  const digest = digestOf(bytes)
  content.manifests.set(tag, bytes).set(digest, bytes)
  return digest
}

/** Answers as a registry does that asks nobody who they are. */
export function serveRegistry(
  content: RegistryContent,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const [, kind, reference = ''] =
    /^\/v2\/team\/models\/(manifests|blobs)\/(.+)$/.exec(request.url ?? '') ?? []
  const found = kind === 'manifests' ? content.manifests.get(reference) : content.blobs.get(reference)
  if (found === undefined) response.writeHead(404).end('{"errors":[]}')
  else sendFile(request, response, found)
}
