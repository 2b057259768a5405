import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { packElements } from './forms/element-bytes.ts'
import { isServiceError } from './forms/grpc.ts'
import { statusName } from './forms/grpc-client.ts'
import type { ResponseMessage } from './forms/grpc-messages.ts'
import { answersStill } from './good-request.ts'
import { isExternal, openTarget, startServer, type Target } from './target.ts'

let target: Target
before(async () => {
  target = await openTarget()
})
after(() => target.close())

async function refused(
  message: object | Uint8Array,
  on = target,
): Promise<{ status: string; details: string }> {
  try {
    await on.client.call('ModelInfer', message)
  } catch (error) {
    if (isServiceError(error)) return { status: statusName(error), details: error.details }
    throw error
  }
  throw new assert.AssertionError({ message: 'answered instead of refused' })
}

async function answered(message: object, on = target): Promise<ResponseMessage> {
  return (await on.client.call<ResponseMessage>('ModelInfer', message)).message
}

const ONE_TWO = packElements('INT32', [1, 2])
const HEAD = { name: 'x', datatype: 'INT32', shape: [2] }
const TYPED = { ...HEAD, contents: { int_contents: [1, 2] } }

function echo(inputs: readonly object[], raw: readonly Buffer[] = []): object {
  return { model_name: 'echo', inputs, raw_input_contents: raw }
}

/** Messages that no other form can send. */
const REFUSED: readonly {
  readonly title: string
  readonly message: object | Uint8Array
  readonly details: RegExp
  readonly status?: string
}[] = [
  {
    title: 'raw and typed contents for one tensor',
    message: echo([TYPED], [ONE_TWO]),
    details: /tensor 'x' has elements in int_contents although the message has raw_input_contents/,
  },
  {
    title: 'raw contents for one tensor, typed for another',
    message: echo([HEAD, { ...TYPED, name: 'y' }], [ONE_TWO]),
    details: /raw_input_contents has 1 entry for 2 inputs/,
  },
  {
    title: 'fewer raw contents than inputs',
    message: echo([HEAD, HEAD], [ONE_TWO]),
    details: /1 entry for 2 inputs; it must have one for each/,
  },
  {
    title: 'more raw contents than inputs',
    message: echo([HEAD], [ONE_TWO, ONE_TWO]),
    details: /2 entries for 1 input/,
  },
  { title: 'raw contents without inputs', message: echo([], [ONE_TWO]), details: /1 entry for 0 inputs/ },
  {
    title: 'raw contents of another size',
    message: echo([HEAD], [ONE_TWO.subarray(1)]),
    details: /tensor 'x' has 7 bytes.*INT32 of shape \[2\] takes exactly 8/,
  },
  {
    title: 'raw texts that do not add up',
    message: echo([{ ...HEAD, datatype: 'BYTES' }], [packElements('BYTES', ['a'])]),
    details: /tensor 'x'.*5 bytes cannot hold 2|tensor 'x'.*bytes end/,
  },
  {
    title: 'a raw byte that is no truth value',
    message: echo([{ ...HEAD, datatype: 'BOOL' }], [Buffer.from([0, 7])]),
    details: /tensor 'x', element 1: byte 7 is not 0 or 1/,
  },
  {
    title: 'no contents at all',
    message: echo([HEAD]),
    details: /tensor 'x' has 0 elements; shape \[2\] needs exactly 2/,
  },
  {
    title: 'contents in two fields',
    message: echo([{ ...HEAD, contents: { int_contents: [1, 2], fp32_contents: [1, 2] } }]),
    details: /tensor 'x'.*int_contents.*fp32_contents/,
  },
  {
    title: 'texts for numbers',
    message: echo([{ ...HEAD, contents: { bytes_contents: [Buffer.from('a'), Buffer.from('b')] } }]),
    details: /tensor 'x'.*bytes_contents cannot hold INT32; its elements go in int_contents/,
  },
  {
    title: 'numbers for texts',
    message: echo([{ ...HEAD, datatype: 'BYTES', contents: { int_contents: [1, 2] } }]),
    details: /tensor 'x'.*int_contents cannot hold BYTES; its elements go in bytes_contents/,
  },
  {
    title: 'FP16 in typed contents',
    message: echo([{ ...HEAD, datatype: 'FP16', contents: { fp32_contents: [1, 2] } }]),
    details: /tensor 'x' has FP16 elements in fp32_contents; FP16 travels only in the raw form/,
  },
  {
    title: 'BF16 in typed contents',
    message: echo([{ ...HEAD, datatype: 'BF16', contents: { fp32_contents: [1, 2] } }]),
    details: /tensor 'x' has BF16 elements in fp32_contents; BF16 travels only in the raw form/,
  },
  { title: 'no model', message: {}, status: 'NOT_FOUND', details: /^the request names no model$/ },
  {
    title: 'bytes that are no message',
    message: Buffer.from('this is no protobuf message'),
    details: /cannot be read at byte 1: field 14 has wire type 4/,
  },
  {
    title: 'a message that is cut short',
    message: Buffer.from([0x0a, 0x20, 0x65, 0x63]),
    details: /cannot be read at byte 1: a field says it has 32 bytes, but only 2/,
  },
  {
    title: 'a group that never ends',
    message: Buffer.alloc(1000, 0x0b),
    details: /cannot be read at byte 1: field 1 has wire type 3/,
  },
  {
    title: 'a name that is not UTF-8',
    message: Buffer.from([0x0a, 0x02, 0xff, 0xfe]),
    details: /at byte 2: text is not valid UTF-8/,
  },
  {
    title: 'a length beyond every message',
    message: Buffer.from([0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
    details: /cannot be read at byte 1: a length has more than 32 bits/,
  },
]

suite('messages that are refused', () => {
  for (const { title, message, details, status = 'INVALID_ARGUMENT' } of REFUSED) {
    test(title, async () => {
      const refusal = await refused(message)
      assert.match(refusal.details, details)
      assert.equal(refusal.status, status)
      for (const form of target.forms.slice(2)) await answersStill(form)
    })
  }
})

suite('messages that are taken', () => {
  test('empty contents beside raw contents count as none', async () => {
    const { raw_output_contents: raw } = await answered(echo([{ ...HEAD, contents: {} }], [ONE_TWO]))
    assert.deepEqual(raw, [ONE_TWO])
  })

  test('elements in another field, where every value is exact', async () => {
    const { outputs } = await answered(echo([{ ...HEAD, contents: { int64_contents: [1, 2] } }]))
    assert.deepEqual(outputs[0]?.contents?.['int_contents'], [1, 2])
  })

  test('a parameter without a kind is ignored', async () => {
    const { parameters } = await answered({
      ...echo([TYPED]),
      parameters: { none: {}, one: { bool_param: true } },
    })
    assert.deepEqual(Object.keys(parameters), ['one'])
  })

  test('every kind of parameter arrives', async () => {
    const sent = {
      bool: { bool_param: false },
      int64: { int64_param: '-9223372036854775808' },
      string: { string_param: '' },
      double: { double_param: 0.25 },
      uint64: { uint64_param: '18446744073709551615' },
    }
    const { parameters } = await answered({ ...echo([TYPED]), parameters: sent })
    const received = Object.entries(parameters).map(([name, { ...message }]) => {
      delete (message as Record<string, unknown>)['parameter_choice']
      return [name, message]
    })
    assert.deepEqual(Object.fromEntries(received), sent)
  })

  test('outputs without a typed form make the whole answer raw', async () => {
    const half = { name: 'h', datatype: 'FP16', shape: [0] }
    const { outputs, raw_output_contents: raw } = await answered(echo([TYPED, half]))
    assert.deepEqual(
      outputs.map(({ contents }) => contents),
      [null, null],
    )
    assert.deepEqual(raw, [ONE_TWO, Buffer.alloc(0)])
  })

  test('fields that nobody knows are skipped', async () => {
    const name = Buffer.from([0x0a, 4, ...Buffer.from('echo')])
    const unknown = Buffer.from([0x98, 0x06, 0x01, 0xa2, 0x06, 0x02, 0x61, 0x62])
    const { message } = await target.client.call<ResponseMessage>(
      'ModelInfer',
      Buffer.concat([unknown, name]),
    )
    assert.equal(message.model_name, 'echo')
  })
})

function megabytes(count: number): object {
  const elements = count * 1024 * 1024
  return echo([{ name: 'x', datatype: 'UINT8', shape: [elements] }], [Buffer.alloc(elements)])
}

suite('limits of a message', () => {
  test('4 MiB are too many by default', { skip: isExternal }, async () => {
    const { status, details } = await refused(megabytes(4))
    assert.equal(status, 'RESOURCE_EXHAUSTED')
    assert.match(details, /4194304/)
    await answersStill(target.forms[3]!)
  })

  test('-1 lifts the limit, both ways', { skip: isExternal }, async () => {
    const unlimited = await startServer({ settings: { grpc_max_message_length: -1 } })
    try {
      const { raw_output_contents: raw } = await answered(megabytes(5), unlimited)
      assert.equal(raw[0]?.length, 5 * 1024 * 1024)
    } finally {
      await unlimited.close()
    }
  })
})
