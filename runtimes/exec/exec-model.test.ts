import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { InferenceRequest, Tensor } from '@millrace/sdk'
import { encodeContract, type HydrosphereContract, type HydrosphereSignature } from '@millrace/sdk/protocol'
import { ask, behaving, execBed, input, isAlive, requestContext, startedAs } from './exec-bed.ts'

const SIGNATURE: HydrosphereSignature = {
  name: 'double',
  inputs: [{ name: 'x', datatype: 'FP64', shape: [-1], profile: 'NUMERICAL' }],
  outputs: [{ name: 'y', datatype: 'FP64', shape: [-1] }],
}
const CONTRACT: HydrosphereContract = { modelName: 'm', signatures: [SIGNATURE] }
const BOTH: HydrosphereContract = {
  modelName: 'm',
  signatures: [SIGNATURE, { ...SIGNATURE, name: 'triple' }],
}

async function* requestsWith(...values: number[]): AsyncGenerator<InferenceRequest> {
  for (const value of values) yield { modelName: 'm', inputs: [input(value)] }
}

suite('a program that serves V2', { concurrency: 4 }, () => {
  test('answers, streams, says what it takes, and writes to the log', async t => {
    const bed = await execBed(t, behaving('', 'v2', { GREETING: 'hello', APP_PORT: '1' }))
    const bound = await bed.load()
    assert.deepEqual(bed.model.inputs, [{ name: 'x', datatype: 'FP64', shape: [-1] }])
    assert.deepEqual(bed.model.outputs, [{ name: 'y', datatype: 'FP64', shape: [-1] }])
    assert.deepEqual((await ask(bound, [1.5, 2])).outputs[0]?.data, Float64Array.of(3, 4))
    await assert.rejects(bound.predict({ modelName: 'm', inputs: [] }, requestContext()), {
      code: 'INVALID_ARGUMENT',
    })

    const streamed: unknown[] = []
    for await (const { outputs } of bound.predictStream(requestsWith(1, 10), requestContext())) {
      streamed.push(outputs[0]?.data)
    }
    assert.deepEqual(
      streamed,
      [1, 2, 10, 20].map(value => Float64Array.of(value)),
    )

    await bed.logged('listening')
    const log = bed.lines.join('\n')
    assert.ok(log.includes(`protocol v2, folder ${bed.folder}, hello {"stream":"stdout"}`), log)
    assert.match(log, /to the other stream \{"stream":"stderr"\}/)
    assert.match(log, /are replaced \{"variables":\["APP_PORT"\]\}/)
  })

  test("passes the program's errors on, with its codes", async t => {
    const bound = await (await execBed(t, { protocol: 'v2', max_message_bytes: 100_000 })).load()
    await assert.rejects(ask(bound, [-1]), { code: 'OUT_OF_RANGE', message: 'x is negative' })
    await assert.rejects(ask(bound, [1e9]), { code: 'RESOURCE_EXHAUSTED' })
    const zeros = new Float64Array(200_000)
    const large = { modelName: 'm', inputs: [{ ...input(), shape: [200_000], data: zeros } as Tensor] }
    await assert.rejects(bound.predict(large, requestContext()), { code: 'RESOURCE_EXHAUSTED' })
    assert.deepEqual((await ask(bound, [1])).outputs[0]?.data, Float64Array.of(2))
  })

  test('without streams gives a stream of single answers', async t => {
    const bound = await (await execBed(t, behaving('no-stream'))).load()
    for (const value of [1, 2]) {
      const answers = await Array.fromAsync(bound.predictStream(requestsWith(value), requestContext()))
      assert.deepEqual(
        answers.map(({ outputs }) => outputs[0]?.data),
        [Float64Array.of(2 * value)],
      )
    }
  })
})

for (const generation of ['G1', 'G2', 'G3'] as const) {
  const protocol = `hydrosphere-${generation.toLowerCase()}`
  suite(`a program of ${generation}`, { concurrency: 4 }, () => {
    test('is recognised, waited for, and answers as its contract says', async t => {
      const bed = await execBed(t, behaving('late', protocol))
      await writeFile(join(bed.folder, 'contract.protobin'), encodeContract(CONTRACT, generation))
      const bound = await bed.load()
      assert.ok(bed.lines.some(line => line.includes(`"protocol":"${protocol}"`)))
      const profile = generation === 'G1' ? {} : { profile: 'NUMERICAL' }
      assert.deepEqual(bed.model.inputs, [{ name: 'x', datatype: 'FP64', shape: [-1], ...profile }])
      assert.deepEqual((await ask(bound, [1.5])).outputs[0]?.data, Float64Array.of(3))
      await assert.rejects(bound.predict({ modelName: 'm', inputs: [] }, requestContext()), {
        code: 'INVALID_ARGUMENT',
      })
      await assert.rejects(ask(bound, [-1]), { code: 'OUT_OF_RANGE', message: 'x is negative' })
    })
  })
}

test('a program of Hydrosphere may do without a contract file', async t => {
  const inputs = [{ name: 'x', datatype: 'FP64', shape: [2] }] as const
  const bed = await execBed(t, { protocol: 'hydrosphere-g2', ...behaving('', 'hydrosphere-g2') }, { inputs })
  const bound = await bed.load()
  assert.deepEqual(bed.model.inputs, inputs)
  assert.deepEqual((await ask(bound, [1, 2])).outputs[0]?.data, Float64Array.of(2, 4))
  await assert.rejects(ask(bound, [1]), { code: 'INVALID_ARGUMENT' })
})

suite('signatures', { concurrency: 4 }, () => {
  test('one of several is chosen by name', async t => {
    const bed = await execBed(t, { signature: 'triple', ...behaving('', 'hydrosphere-g1') })
    await writeFile(join(bed.folder, 'contract.protobin'), encodeContract(BOTH, 'G1'))
    assert.deepEqual((await ask(await bed.load(), [1])).outputs[0]?.data, Float64Array.of(3))
  })

  for (const [signature, message] of [
    [undefined, /has several signatures, 'double', 'triple'; parameters\.extra\.signature must name one/],
    ['quadruple', /parameters\.extra\.signature is 'quadruple', which '.*' does not have; it has 'double'/],
  ] as const) {
    test(`${signature ?? 'none'} among several fails the load`, async t => {
      const bed = await execBed(t, {
        ...(signature === undefined ? {} : { signature }),
        ...behaving('', 'hydrosphere-g1'),
      })
      await writeFile(join(bed.folder, 'contract.protobin'), encodeContract(BOTH, 'G1'))
      await assert.rejects(bed.load(), { code: 'FAILED_PRECONDITION', message })
    })
  }

  test('a file that is no contract fails the load', async t => {
    const bed = await execBed(t, behaving('', 'hydrosphere-g2'))
    await writeFile(join(bed.folder, 'contract.protobin'), Uint8Array.of(0xff, 0xff))
    await assert.rejects(bed.load(), {
      message: /contract\.protobin' is no contract of G2: the message cannot be read/,
    })
  })

  test('an open shape leaves a side undeclared, and says so', async t => {
    const bed = await execBed(t, behaving('', 'hydrosphere-g3'))
    const open = { ...SIGNATURE, inputs: [{ ...SIGNATURE.inputs[0]!, shape: undefined }] }
    await writeFile(
      join(bed.folder, 'contract.protobin'),
      encodeContract({ ...CONTRACT, signatures: [open] }, 'G3'),
    )
    await bed.load()
    assert.deepEqual([bed.model.inputs.length, bed.model.outputs.length], [0, 1])
    assert.match(bed.lines.join('\n'), /its inputs are neither published nor checked/)
  })
})

suite('a program that runs already', { concurrency: 4 }, () => {
  test('is asked at its address and left running', async t => {
    const bed = await execBed(t)
    await bed.load()
    const { pid, port } = startedAs(bed)
    const other = await execBed(t, { address: `127.0.0.1:${port}` })
    assert.deepEqual((await ask(await other.load(), [2])).outputs[0]?.data, Float64Array.of(4))
    await other.model.unload()
    assert.ok(isAlive(pid))
  })

  test('fails the load when nobody is there', async t => {
    const bed = await execBed(t, { address: '127.0.0.1:1', startup_timeout_seconds: 0.2 })
    await assert.rejects(bed.load(), {
      code: 'FAILED_PRECONDITION',
      message:
        'the program of model m at 127.0.0.1:1 was not ready within 0.2 s (nobody accepts connections at 127.0.0.1:1)',
    })
  })
})

test('a request to a model that is not loaded is refused', async t => {
  const { model } = await execBed(t)
  await assert.rejects(model.predict({ modelName: 'm', inputs: [] }, requestContext()), {
    code: 'UNAVAILABLE',
    message: 'Model m is not loaded',
  })
})
