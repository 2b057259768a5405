import assert from 'node:assert/strict'
import { mkdir, mkdtemp, open, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { field, integerField, message, readOnnxFile, textField } from './index.ts'

let scratch: string
let folder: string
let count = 0

before(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'onnx-file-'))
  folder = join(scratch, 'model')
  await mkdir(folder)
  await writeFile(join(scratch, 'secret.bin'), Buffer.alloc(64))
  await writeFile(join(folder, 'weights.bin'), Buffer.alloc(64))
  await symlink('../secret.bin', join(folder, 'way-out.bin'))
  await symlink('weights.bin', join(folder, 'alias.bin'))
})
after(() => rm(scratch, { recursive: true }))

async function written(...parts: readonly Uint8Array[]): Promise<string> {
  const path = join(folder, `${count++}.onnx`)
  await writeFile(path, message(...parts))
  return path
}

const graph = (...parts: readonly Uint8Array[]): Uint8Array => field(7, message(...parts))
const initializer = (...parts: readonly Uint8Array[]): Uint8Array => field(5, message(...parts))
const FLOAT = integerField(2, 1)
const EXTERNAL = integerField(14, 1)
const entry = (key: string, value: string): Uint8Array =>
  field(13, message(textField(1, key), textField(2, value)))

async function refuses(what: RegExp, ...parts: readonly Uint8Array[]): Promise<void> {
  const path = await written(...parts)
  assert.throws(
    () => readOnnxFile(path),
    (error: Error & { code?: string }) => {
      assert.equal(error.code, 'FAILED_PRECONDITION')
      assert.ok(error.message.startsWith(`'${path}' is no sound ONNX model: `), error.message)
      assert.match(error.message, what)
      return true
    },
  )
}

const varint = (value: number): Uint8Array => integerField(0, value).subarray(1)
const tensorIn = (location: string, dim: number): Uint8Array =>
  graph(initializer(FLOAT, integerField(1, dim), EXTERNAL, entry('location', location)))

test('a file is read without its weights', () => {
  const path = fileURLToPath(import.meta.resolve('../test-models/free-matmul.onnx'))
  const { inputs, outputs, initializers, opsets, producer, irVersion } = readOnnxFile(path)
  const named = [...inputs, ...outputs].map(({ name, type }) => [name, type.kind === 'tensor' && type.shape])
  assert.deepEqual(named, [
    ['x', ['rows', 'columns']],
    ['y', ['rows', 2]],
  ])
  assert.deepEqual([...initializers.keys()], ['weights'])
  assert.deepEqual(initializers.get('weights')?.dims, [3, 2])
  assert.deepEqual([...opsets], [['', 17]])
  assert.equal(producer, 'make-models.py')
  assert.equal(irVersion, 8)
})

const property = (key: string, value: string): Uint8Array =>
  field(14, message(textField(1, key), textField(2, value)))

test('properties are read; one as large as a vocabulary is passed over', async () => {
  const path = await written(graph(), property('author', 'me'), property('vocabulary', 'x'.repeat(100_000)))
  assert.deepEqual([...readOnnxFile(path).properties], [['author', 'me']])
})

test('gigabytes of weights take neither memory nor time', async () => {
  const path = join(folder, 'large.onnx')
  const size = 3 * 2 ** 30
  const head = message(textField(8, 'w'), FLOAT, integerField(1, size / 4))
  const tail = textField(2, 'name')
  const raw = message(Uint8Array.of(0x4a), varint(size))
  const tensor = message(Uint8Array.of(0x2a), varint(head.length + raw.length + size))
  const start = message(
    Uint8Array.of(0x3a),
    varint(tensor.length + head.length + raw.length + size + tail.length),
  )
  const prefix = message(start, tensor, head, raw)
  const file = await open(path, 'w')
  try {
    await file.write(prefix, 0, prefix.length, 0)
    await file.write(tail, 0, tail.length, prefix.length + size)
  } finally {
    await file.close()
  }
  const before = process.memoryUsage.rss()
  assert.deepEqual(readOnnxFile(path).initializers.get('w')?.dims, [size / 4])
  assert.ok(process.memoryUsage.rss() - before < 2 ** 28)
})

test('what is no message is refused with its place', async () => {
  await refuses(/: model, byte 0: it has no graph$/)
  await refuses(
    /graph, byte \d+: field 1 reaches to byte \d+, and its message ends/,
    graph(Uint8Array.of(0x0a, 99)),
  )
  await refuses(/a field has the wire type 3/, Uint8Array.of(0x0b))
  await refuses(/in ONNX Runtime's own format/, Buffer.from('\x18\0\0\0ORTM'))
  await refuses(/a field has the number 0/, Uint8Array.of(0x02, 0))
  await refuses(/more than ten bytes/, Buffer.alloc(30, 0xff))
  await refuses(/reaches to byte/, Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f))
  await refuses(/more than one graph/, graph(), graph())
  await refuses(
    /graph\.input.*a text has 70000 bytes; at most 65536/,
    graph(field(11, textField(1, 'x'.repeat(70_000)))),
  )
})

test('a tensor must have the elements that it says it has', async () => {
  const huge = integerField(1, 2 ** 40)
  await refuses(
    /graph\.initializer, byte \d+: tensor 'w' \(float32 \[1099511627776,1099511627776\]\) has only 6 bytes/,
    graph(initializer(textField(8, 'w'), huge, huge, FLOAT, field(9, Buffer.alloc(4)))),
  )
  const packed = field(1, Buffer.from('ffffffffffffffffff01', 'hex'))
  await refuses(/-1 is no extent/, graph(initializer(packed, FLOAT)))
  await refuses(
    /more than 256 dimensions/,
    graph(initializer(...Array.from({ length: 300 }, () => integerField(1, 1)))),
  )
  const attribute = field(5, field(5, message(huge, FLOAT)))
  await refuses(/graph\.node\.attribute, byte .* has only 0 bytes/, graph(field(1, attribute)))
  const sparse = field(15, message(field(1, message(FLOAT)), integerField(3, 2 ** 40), integerField(3, 4)))
  await refuses(/a sparse tensor stands for \d+ elements; at most 536870912/, graph(sparse))
})

test('graphs in graphs, and types of types, end somewhere', async () => {
  let nested = graph()
  for (let depth = 0; depth < 40; depth++) {
    const content = nested.subarray(nested.length - contentLength(nested))
    nested = graph(field(1, field(5, field(6, content))))
  }
  await refuses(/graphs are nested deeper than 32 levels/, nested)
  let type: Uint8Array = message()
  for (let depth = 0; depth < 40; depth++) type = field(4, field(1, type))
  await refuses(/types are nested deeper than 16 levels/, graph(field(11, field(2, type))))
})

/** How many bytes a field's content has; its key is one byte. */
function contentLength(whole: Uint8Array): number {
  let length = 0
  for (let index = 1; ; index++) {
    length += (whole[index]! & 0x7f) * 128 ** (index - 1)
    if (whole[index]! < 0x80) return length
  }
}

for (const [location, what] of [
  ['../secret.bin', /lies in '\.\.\/secret\.bin', which is no path inside the model's folder/],
  ['sub/../../secret.bin', /no path inside/],
  ['/etc/passwd', /no path inside/],
  ['', /no path inside/],
  ['.', /no path inside/],
  ['way-out.bin', /which leads out of the model's folder/],
  ['missing.bin', /there is no such file in the model's folder/],
  ['*/_ORT_MEM_ADDR_/*', /there is no such file/],
] as const) {
  test(`a tensor in '${location}' is refused`, () =>
    refuses(
      what,
      graph(initializer(textField(8, 'w'), FLOAT, integerField(1, 4), EXTERNAL, entry('location', location))),
    ))
}

for (const [offset, length, what] of [
  ['60', '16', /a file of 64 bytes, at offset 60, length 16/],
  ['-4', '16', /at offset -4/],
  ['0', '18446744073709551616', /at offset 0, length 18446744073709551616/],
  ['65', undefined, /at offset 65, length to its end/],
] as const) {
  test(`a tensor at ${offset} of ${length ?? 'all'} bytes is refused`, () => {
    const entries = [entry('location', 'weights.bin'), entry('offset', offset)]
    if (length !== undefined) entries.push(entry('length', length))
    return refuses(what, graph(initializer(FLOAT, integerField(1, 4), EXTERNAL, ...entries)))
  })
}

test('a tensor in another file of the folder is accepted, also behind a link, but not a larger one', async () => {
  for (const location of ['weights.bin', './weights.bin', 'alias.bin']) {
    assert.equal(readOnnxFile(await written(tensorIn(location, 16))).hasExternalData, true)
  }
  await refuses(/has only 64 bytes/, tensorIn('weights.bin', 1000))
})

test('whatever the bytes, a file is read or refused', async () => {
  const path = join(folder, 'any.onnx')
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, isGraph) => {
      await writeFile(path, isGraph ? graph(bytes) : bytes)
      try {
        readOnnxFile(path)
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'FAILED_PRECONDITION')
      }
    }),
    { numRuns: 500 },
  )
})
