import multipart from '@fastify/multipart'
import { ServingError } from '@millrace/sdk'
import type { FastifyRequest } from 'fastify'
import type { PayloadBlob } from '../../store/index.ts'
import type { AddRoutes, ManagerParts } from '../manager-parts.ts'
import { createVersion } from '../models/create-version.ts'
import { readJsonObject } from '../models/version-fields.ts'
import { toVersionJson } from '../models/version-json.ts'

const METADATA_BYTES_MAX = 4 * 1024 * 1024
const PARTS_MAX = 100

/** Takes a version of a model: `payload`, a file, and `metadata`, which is none, in any order. */
export const uploadRoute: AddRoutes = async (app, parts) => {
  const { uploadBytesMax } = parts.payloadLimits
  await app.register(multipart, {
    throwFileSizeLimit: false,
    limits: {
      // What is too much is found out where it is stored, and said there.
      fileSize: uploadBytesMax + 1,
      fieldSize: METADATA_BYTES_MAX,
      parts: PARTS_MAX,
    },
  })
  app.post(
    '/api/v2/model/upload',
    {
      schema: {
        tags: ['models'],
        summary: 'Uploads a model; its new version is built behind the answer',
        description:
          'multipart/form-data: `payload`, a tar archive compressed by gzip, with a file name; and `metadata`, JSON without one: ' +
          'name, runtime {name, tag}, modelSignature, installCommand, metadata, monitoringConfiguration {batchSize}.',
        consumes: ['multipart/form-data'],
      },
      bodyLimit: uploadBytesMax + METADATA_BYTES_MAX + 1024 * 1024,
    },
    async (request, reply) => {
      // A refused upload is not read to its end.
      void reply.header('connection', 'close')
      // Said before much is sent, and again when it is all there.
      parts.builds.checkRoom()
      const { signal, release } = clientSignal(request, parts.signal)
      try {
        const { payload, metadata } = await readParts(request, parts, signal)
        if (payload === undefined) {
          throw new ServingError('INVALID_ARGUMENT', "Couldn't find a payload in request")
        }
        if (metadata === undefined) {
          throw new ServingError('INVALID_ARGUMENT', "Couldn't find a metadata in request")
        }
        const version = await createVersion(parts, readJsonObject(metadata, 'metadata'), payload, signal)
        void reply.removeHeader('connection')
        return toVersionJson(version)
      } finally {
        release()
      }
    },
  )
}

/** Aborted when the client leaves before it has sent everything, and when the manager closes. */
function clientSignal(request: FastifyRequest, closing: AbortSignal) {
  const left = new AbortController()
  const { raw } = request
  const onClose = () => {
    if (!raw.complete) left.abort(new ServingError('CANCELLED', 'the client has left'))
  }
  raw.once('close', onClose)
  return {
    signal: AbortSignal.any([left.signal, closing]),
    release: () => void raw.off('close', onClose),
  }
}

interface UploadedParts {
  payload?: PayloadBlob
  metadata?: unknown
}

async function readParts(
  request: FastifyRequest,
  { store, payloadLimits }: ManagerParts,
  signal: AbortSignal,
): Promise<UploadedParts> {
  if (!request.isMultipart()) {
    throw new ServingError('INVALID_ARGUMENT', 'a model is uploaded as multipart/form-data', {
      httpStatus: 415,
    })
  }
  const found: UploadedParts = {}
  for await (const part of request.parts()) {
    if (part.type === 'field') {
      if (part.valueTruncated) {
        throw new ServingError(
          'RESOURCE_EXHAUSTED',
          `${part.fieldname} is larger than ${METADATA_BYTES_MAX} bytes, which is the limit`,
          { httpStatus: 413 },
        )
      }
      if (part.fieldname === 'metadata') found.metadata = part.value
      continue
    }
    const { file } = part
    if (part.fieldname !== 'payload' || !part.filename || found.payload !== undefined) {
      file.resume()
      continue
    }
    const stop = () => void file.destroy(signal.reason as Error)
    signal.addEventListener('abort', stop, { once: true })
    try {
      found.payload = await store.payloads.put(file as AsyncIterable<Uint8Array>, {
        sizeBytesMax: payloadLimits.uploadBytesMax,
        signal,
      })
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }
  return found
}
