import { create, type DescFile, type DescService, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { reflection } from '@millrace/sdk/protocol'
import type { GrpcMethod } from '../../transport/index.ts'
import { readMessage } from './read-message.ts'

type Request = ReturnType<typeof readRequest>
type Answer = NonNullable<
  MessageInitShape<typeof reflection.ServerReflectionResponseSchema>['messageResponse']
>

const NOT_FOUND = 5

/**
 * Server reflection, so that `grpcurl` and the like work without `.proto` files. Version 1 and
 * version 1alpha have the same messages under two service names. `load` is called at the first question: descriptors are
 * more than all else that a server reads at its start, and few ask for them.
 */
export function reflectionMethods(
  load: () => Promise<readonly DescService[]>,
): ReadonlyMap<string, GrpcMethod> {
  let loading: Promise<DescriptorIndex> | undefined
  const method: GrpcMethod = {
    kind: 'stream',
    async *handle(messages) {
      for await (const message of messages) {
        const request = readRequest(message)
        loading ??= load().then(indexOf)
        const index = await loading
        const { ServerReflectionResponseSchema: schema } = reflection
        const messageResponse = answer(request, index)
        yield toBinary(
          schema,
          create(schema, { validHost: request.host, originalRequest: request, messageResponse }),
        )
      }
    },
  }
  return new Map(
    ['v1', 'v1alpha'].map(version => [
      `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
      method,
    ]),
  )
}

interface DescriptorIndex {
  readonly services: readonly string[]
  readonly files: ReadonlyMap<string, DescFile>
  /** File by the full name of each service, method, message and enum in it. */
  readonly symbols: ReadonlyMap<string, DescFile>
}

function indexOf(services: readonly DescService[]): DescriptorIndex {
  const files = new Map<string, DescFile>()
  const collect = (file: DescFile) => {
    files.set(`${file.name}.proto`, file)
    for (const dependency of file.dependencies) collect(dependency)
  }
  for (const service of services) collect(service.file)

  const symbols = new Map<string, DescFile>()
  for (const file of files.values()) {
    for (const service of file.services) {
      symbols.set(service.typeName, file)
      for (const { name } of service.methods) symbols.set(`${service.typeName}.${name}`, file)
    }
    const messages = [...file.messages]
    for (let message = messages.pop(); message !== undefined; message = messages.pop()) {
      symbols.set(message.typeName, file)
      messages.push(...message.nestedMessages)
      for (const nested of message.nestedEnums) symbols.set(nested.typeName, file)
    }
    for (const named of file.enums) symbols.set(named.typeName, file)
  }
  return { services: services.map(service => service.typeName), files, symbols }
}

function readRequest(message: Uint8Array) {
  return readMessage(reflection.ServerReflectionRequestSchema, message)
}

function answer({ messageRequest }: Request, index: DescriptorIndex): Answer {
  switch (messageRequest.case) {
    case 'listServices':
      return { case: 'listServicesResponse', value: { service: index.services.map(name => ({ name })) } }
    case 'fileByFilename':
      return fileAnswer(index.files.get(messageRequest.value), messageRequest.value)
    case 'fileContainingSymbol':
      return fileAnswer(index.symbols.get(messageRequest.value), messageRequest.value)
    case 'allExtensionNumbersOfType':
      return index.symbols.has(messageRequest.value)
        ? {
            case: 'allExtensionNumbersResponse',
            value: { baseTypeName: messageRequest.value, extensionNumber: [] },
          }
        : notFound(messageRequest.value)
    case 'fileContainingExtension':
      return notFound(
        `extension ${messageRequest.value.extensionNumber} of ${messageRequest.value.containingType}`,
      )
    default:
      return notFound('an empty request')
  }
}

/** A file with all it depends on, so that a client needs to ask only once. */
function fileAnswer(file: DescFile | undefined, asked: string): Answer {
  if (file === undefined) return notFound(asked)
  const files = new Set<DescFile>()
  const collect = (each: DescFile) => {
    files.add(each)
    for (const dependency of each.dependencies) collect(dependency)
  }
  collect(file)
  const fileDescriptorProto = Array.from(files, each => toBinary(FileDescriptorProtoSchema, each.proto))
  return { case: 'fileDescriptorResponse', value: { fileDescriptorProto } }
}

function notFound(what: string): Answer {
  return {
    case: 'errorResponse',
    value: { errorCode: NOT_FOUND, errorMessage: `${what} is not on this server` },
  }
}
