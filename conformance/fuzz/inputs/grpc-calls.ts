import type { GrpcInput } from './fuzz-input.ts'
import { cut, framed, mostlySound } from './grpc-frames.ts'
import { inferMessage } from './infer-message.ts'
import { mutateBytes } from './mutate-bytes.ts'
import { lengthDelimited, text } from './protobuf-bytes.ts'
import type { Random } from './random.ts'

const SERVICE = '/inference.GRPCInferenceService'
const GRPC: readonly [string, string] = ['content-type', 'application/grpc']

/** One message to `ModelInfer`, wrong in its frame, in its bytes or in its meaning. */
export function modelInferInput(random: Random): GrpcInput {
  const { bytes, encoding } = mostlySound(message(random), random)
  return {
    kind: 'grpc',
    path: `${SERVICE}/ModelInfer`,
    headers: [GRPC, ...encodingHeaders(encoding, random)],
    pieces: cut(bytes, random),
    ending: random.isOneIn(15) ? 'cancel' : 'end',
  }
}

/** Several messages on one stream, in either of its shapes. */
export function modelStreamInput(random: Random): GrpcInput {
  const frames = Array.from({ length: random.below(6) }, () => mostlySound(message(random), random))
  const shape = random.pick([undefined, 'triton', 'mlserver', 'auto', ''])
  return {
    kind: 'grpc',
    path: `${SERVICE}/ModelStreamInfer`,
    headers: [
      GRPC,
      ...encodingHeaders(frames.find(frame => frame.encoding !== undefined)?.encoding, random),
      ...(shape === undefined ? [] : [['x-millrace-stream-shape', shape] as const]),
    ],
    pieces: frames.flatMap(({ bytes }) => cut(bytes, random)),
    ending: random.isOneIn(10) ? 'cancel' : 'end',
  }
}

const NAMES = ['spare', 'nobody', '', '\u0000', '../..', 'é', 'x'.repeat(5000), '__proto__']
const PATHS = [
  ...[
    'ServerLive',
    'ServerReady',
    'ModelReady',
    'ServerMetadata',
    'ModelMetadata',
    'ModelConfig',
    'ModelStatistics',
  ].map(inService),
  ...[
    'RepositoryIndex',
    'RepositoryModelLoad',
    'RepositoryModelUnload',
    'TraceSetting',
    'LogSettings',
    'Nothing',
  ].map(inService),
  '/inference.model_repository.ModelRepositoryService/RepositoryModelLoad',
  '/grpc.health.v1.Health/Check',
  '/grpc.health.v1.Health/Watch',
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
  '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
  '/',
  '//',
  '/a',
  '/a/b',
  '/a/b/c',
  '/__proto__/constructor',
  '/%00/%ff',
  `/${'x'.repeat(1000)}/y`,
]
const HEADERS: readonly (readonly [name: string, values: readonly string[]])[] = [
  ['grpc-timeout', ['0n', '1n', '99999999H', '100m', '-1S', '1', '', '1e3S', '123456789S', '1d', '1 S']],
  ['grpc-encoding', ['gzip', 'deflate', 'identity', 'x', '']],
  ['grpc-accept-encoding', ['gzip', ',,', 'x'.repeat(500)]],
  ['te', ['trailers']],
  ['user-agent', ['x'.repeat(1000), '']],
  ['a-bin', ['AAEC', '!!!', '', 'A', 'AA==,BB']],
  ['x-request-id', ['a, b', '%00%ff']],
  ['traceparent', ['00-0-0-0', '']],
]

/** Every other method, paths that are none, and metadata. */
export function grpcSurfaceInput(random: Random): GrpcInput {
  const path = random.pick(PATHS)
  const content = random.isOneIn(3)
    ? mutateBytes(smallMessage(random), random, [])
    : random.isOneIn(3)
      ? random.bytes(random.size(100))
      : smallMessage(random)
  const contentTypes = [
    'application/grpc+json',
    'application/grpc-web',
    'text/plain',
    'application/grpc+proto',
    'application/grpc;x',
  ]
  const headers: (readonly [string, string])[] = [
    random.isOneIn(12) ? ['content-type', random.pick(contentTypes)] : GRPC,
  ]
  const names = new Set<string>(['content-type'])
  for (let count = random.size(5); count > 0; count--) {
    const [name, values] = random.pick(HEADERS)
    if (!names.has(name)) headers.push([name, random.pick(values)])
    names.add(name)
  }
  if (random.isOneIn(30))
    headers.push(...Array.from({ length: 110 }, (_, index) => [`x-${index}`, 'y'] as const))
  // A watch ends with its client only.
  if (path.endsWith('/Watch') && !names.has('grpc-timeout')) headers.push(['grpc-timeout', '50m'])
  const message = random.isOneIn(6) ? mostlySound(content, random).bytes : framed(content)
  return {
    kind: 'grpc',
    path,
    headers,
    pieces: cut(message, random),
    ending: path.endsWith('/Watch') || random.isOneIn(15) ? 'cancel' : 'end',
  }
}

function inService(method: string): string {
  return `${SERVICE}/${method}`
}

function message(random: Random): Buffer {
  if (random.isOneIn(25)) return random.bytes(random.size(2000))
  const message = inferMessage(random)
  return random.isOneIn(4) ? mutateBytes(message, random, []) : message
}

/** A name in each of the first two fields, which is where these methods have names, versions and repositories. */
function smallMessage(random: Random): Buffer {
  const fields = [
    text(1, random.pick(NAMES)),
    text(2, random.pick(NAMES)),
    lengthDelimited(3, random.bytes(random.size(30))),
  ]
  return Buffer.concat(fields.filter(() => !random.isOneIn(2)))
}

function encodingHeaders(
  encoding: string | undefined,
  random: Random,
): readonly (readonly [string, string])[] {
  const accepted = random.isOneIn(2) ? [['grpc-accept-encoding', 'identity,deflate,gzip'] as const] : []
  return encoding === undefined ? accepted : [['grpc-encoding', encoding] as const, ...accepted]
}
