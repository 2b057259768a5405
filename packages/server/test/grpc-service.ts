import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  type MethodDefinition,
  type ServiceDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { loadSync, type PackageDefinition } from '@grpc/proto-loader'
import type { Address } from '../serve.ts'

const PROTO_FOLDER = fileURLToPath(new URL('../../sdk/protocol/proto', import.meta.url))
const OPTIONS = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true } as const

/** One service, called with grpc-js; messages are plain objects. */
export interface GrpcService {
  readonly call: (method: string, message: object) => Promise<Record<string, unknown>>
  /** The name of the status that the call ends with, and its details. */
  readonly refusal: (method: string, message: object) => Promise<readonly [string, string]>
  readonly watch: (method: string, message: object) => ClientReadableStream<object>
  readonly open: (method: string) => ClientDuplexStream<object, object>
}

export function grpcService(t: TestContext, address: Address, file: string, name: string): GrpcService {
  return serviceOf(t, address, loadSync(file, { ...OPTIONS, includeDirs: [PROTO_FOLDER] }), name)
}

/** @param definition as it came out of files or descriptors */
export function serviceOf(
  t: TestContext,
  { host, port }: Address,
  definition: PackageDefinition,
  name: string,
): GrpcService {
  const client = new Client(`${host}:${port}`, credentials.createInsecure())
  t.after(() => client.close())
  const method = (methodName: string) =>
    (definition[name] as ServiceDefinition)[methodName] as MethodDefinition<object, object>
  const call = (methodName: string, message: object) => {
    const { path, requestSerialize, responseDeserialize } = method(methodName)
    return new Promise<Record<string, unknown>>((resolve, reject) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, message, (error, answer) => {
        if (error === null) resolve(answer as Record<string, unknown>)
        else reject(error)
      })
    })
  }
  return {
    call,
    async refusal(methodName, message) {
      try {
        await call(methodName, message)
        return ['OK', '']
      } catch (error) {
        const { code, details } = error as ServiceError
        return [status[code], details]
      }
    },
    watch(methodName, message) {
      const { path, requestSerialize, responseDeserialize } = method(methodName)
      return client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, message)
    },
    open(methodName) {
      const { path, requestSerialize, responseDeserialize } = method(methodName)
      return client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize)
    },
  }
}
