import { createHash } from 'node:crypto'
import { ServingError } from '@millrace/sdk'
import type { XStatic } from 'typebox/schema'
import { Compile } from 'typebox/schema'
import { readBody } from './http-fetch.ts'
import type { OciReference } from './oci-reference.ts'
import type { RegistryClient } from './registry-client.ts'

const descriptor = {
  type: 'object',
  required: ['digest', 'size'],
  properties: {
    mediaType: { type: 'string' },
    digest: { type: 'string', pattern: '^sha256:[0-9a-f]{64}$' },
    size: { type: 'integer', minimum: 0 },
    annotations: { type: 'object', additionalProperties: { type: 'string' } },
    platform: {
      type: 'object',
      properties: { os: { type: 'string' }, architecture: { type: 'string' } },
    },
  },
} as const

const manifestSchema = {
  type: 'object',
  properties: {
    layers: { type: 'array', maxItems: 10_000, items: descriptor },
    manifests: { type: 'array', maxItems: 10_000, items: descriptor },
  },
} as const

const validator = Compile(manifestSchema)

export type OciDescriptor = XStatic<typeof descriptor>

const ACCEPT = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ')

/** The bound that the distribution specification advises. */
const MANIFEST_BYTES_MAX = 4 * 1024 * 1024
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

/**
 * The layers of an artefact or an image. Of an index its only manifest is taken, or the one for this platform.
 * @throws ServingError FAILED_PRECONDITION for a manifest that is not one, or whose digest is another
 */
export async function fetchLayers(
  uri: string,
  client: RegistryClient,
  { reference, isDigest }: OciReference,
  signal: AbortSignal,
): Promise<readonly OciDescriptor[]> {
  const top = await fetchManifest(uri, client, reference, isDigest, signal)
  if (top.layers !== undefined) return top.layers
  const chosen = choose(top.manifests ?? [], uri)
  const { layers } = await fetchManifest(uri, client, chosen.digest, true, signal)
  if (layers === undefined) throw wrong(uri, `manifest ${chosen.digest} has no layers`)
  return layers
}

async function fetchManifest(
  uri: string,
  client: RegistryClient,
  reference: string,
  isDigest: boolean,
  signal: AbortSignal,
): Promise<XStatic<typeof manifestSchema>> {
  const response = await client.get(`manifests/${reference}`, { accept: ACCEPT }, signal)
  const body = await readBody(response, uri, MANIFEST_BYTES_MAX)
  const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`
  if (isDigest && digest !== reference) {
    throw wrong(uri, `the manifest has the digest ${digest} instead of ${reference}`)
  }
  let manifest: unknown
  try {
    manifest = JSON.parse(body.toString())
  } catch (cause) {
    throw wrong(uri, 'the manifest is not JSON', cause)
  }
  const [isValid, [first]] = validator.Errors(manifest)
  if (!isValid)
    throw wrong(uri, `the manifest is not one: ${first?.instancePath ?? ''} ${first?.message ?? ''}`)
  return manifest as XStatic<typeof manifestSchema>
}

function choose(manifests: readonly OciDescriptor[], uri: string): OciDescriptor {
  const [only] = manifests
  if (only !== undefined && manifests.length === 1) return only
  const architecture = ARCHITECTURES[process.arch] ?? process.arch
  const fitting = manifests.find(
    ({ platform }) => platform?.os === process.platform && platform.architecture === architecture,
  )
  if (fitting !== undefined) return fitting
  const platforms = manifests.map(({ platform }) => `${platform?.os ?? '?'}/${platform?.architecture ?? '?'}`)
  throw wrong(
    uri,
    `no manifest is for ${process.platform}/${architecture}; there are: ${platforms.join(', ') || 'none'}`,
  )
}

function wrong(uri: string, problem: string, cause?: unknown): ServingError {
  return new ServingError('FAILED_PRECONDITION', `${uri}: ${problem}`, cause === undefined ? {} : { cause })
}
