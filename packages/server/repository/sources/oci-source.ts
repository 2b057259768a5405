import { ServingError } from '@millrace/sdk'
import { dockerCredentials } from './docker-credentials.ts'
import { chunksOf } from './http-fetch.ts'
import type { ModelSource, OpenedFile, RemoteFile } from './model-source.ts'
import { fetchLayers, type OciDescriptor } from './oci-manifest.ts'
import { parseOciReference } from './oci-reference.ts'
import { createRegistryClient, type RegistryClient } from './registry-client.ts'
import { isArchiveName } from './remote-uri.ts'

/** Annotations that give a layer the name of a file: OCI's own, and that of CNCF's model format. */
const TITLES = ['org.opencontainers.image.title', 'org.cncf.model.filepath']
/** Says that a layer with a title is the archive of a folder. */
const UNPACK = 'io.deis.oras.content.unpack'

/**
 * `oci://registry/repository:tag`: the layers of an artefact. One with a title is a file of that name; an archive is
 * unpacked. Credentials are those that `docker login` has kept.
 */
export function createOciSource(variables: Readonly<Record<string, string | undefined>>): ModelSource {
  return {
    async list(uri, signal) {
      const reference = parseOciReference(uri)
      const client = createRegistryClient(uri, reference, () =>
        dockerCredentials(reference.registry, variables),
      )
      const layers = await fetchLayers(uri, client, reference, signal)
      return { files: layers.map(layer => toFile(uri, client, layer)), isFolder: true }
    },
  }
}

function toFile(uri: string, client: RegistryClient, layer: OciDescriptor): RemoteFile {
  const { digest, size, annotations = {}, mediaType = '' } = layer
  const title = TITLES.map(name => annotations[name]).find(value => value !== undefined && value !== '')
  const isTar = /[./]tar(?:\b|$)/.test(mediaType)
  if (title === undefined && !isTar) {
    throw new ServingError(
      'FAILED_PRECONDITION',
      `${uri}: layer ${digest} (${mediaType || 'no media type'}) is no archive and has no title (${TITLES[0]}), so it cannot become a file`,
    )
  }
  return {
    path: title ?? digest,
    identity: digest,
    sizeBytes: size,
    sha256: digest.slice('sha256:'.length),
    isArchive: title === undefined || annotations[UNPACK] === 'true' || isArchiveName(title),
    open: (offsetBytes, signal) => open(uri, client, layer, offsetBytes, signal),
  }
}

async function open(
  uri: string,
  client: RegistryClient,
  { digest, size }: OciDescriptor,
  offsetBytes: number,
  signal: AbortSignal,
): Promise<OpenedFile> {
  const headers: Record<string, string> = offsetBytes > 0 ? { range: `bytes=${offsetBytes}-` } : {}
  const response = await client.get(`blobs/${digest}`, headers, signal)
  const isPart = response.status === 206
  if (isPart && !response.headers.get('content-range')?.startsWith(`bytes ${offsetBytes}-`)) {
    await response.body?.cancel()
    throw new ServingError(
      'FAILED_PRECONDITION',
      `${uri}: the registry answers with another part of ${digest}`,
    )
  }
  return {
    offsetBytes: isPart ? offsetBytes : 0,
    totalBytes: size,
    chunks: chunksOf(response, `${uri}, layer ${digest},`),
  }
}
