import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { ServingError, toTensor } from '@millrace/sdk'
import { createGrpcClient, createRestClient, type InferenceClient } from '@millrace/sdk/client'
import { startModels } from './test-server-fixture.ts'

const { rest, grpc } = await startModels({ after })
const clients: Readonly<Record<string, InferenceClient>> = {
  REST: createRestClient({ url: `http://${rest}` }),
  'REST with binary tensors': createRestClient({ url: `http://${rest}`, isBinary: true }),
  gRPC: createGrpcClient({ target: grpc }),
}
after(() => Promise.all(Object.values(clients).map(client => client.close())))

const X = toTensor({ name: 'x', datatype: 'INT32', shape: [2, 3], data: [1, 2, 3, 4, 5, 6] })
const TEXT = toTensor({ name: 't', datatype: 'BYTES', shape: [2], data: ['é', ''] })
const BIG = toTensor({ name: 'b', datatype: 'UINT64', shape: [1], data: [18446744073709551615n] })

async function codeAndText(call: Promise<unknown>): Promise<readonly unknown[]> {
  try {
    await call
    return []
  } catch (error) {
    assert.ok(ServingError.is(error))
    return [error.code, error.message]
  }
}

for (const [name, client] of Object.entries(clients)) {
  suite(name, () => {
    test('infers', async () => {
      const answer = await client.infer({ modelName: 'sum', id: 'r', inputs: [X] })
      assert.equal(answer.id, 'r')
      assert.deepEqual(answer.outputs[0]?.data, BigInt64Array.of(6n, 15n))
      const { outputs } = await client.infer({
        modelName: 'echo',
        inputs: [TEXT, BIG],
        outputs: [{ name: 'b' }],
      })
      assert.deepEqual(
        outputs.map(({ name: output, data }) => [output, data]),
        [['b', BIG.data]],
      )
    })

    test('streams', async () => {
      const answers: unknown[] = []
      for await (const { id, outputs } of client.inferStream({ modelName: 'sum', id: 's', inputs: [X] })) {
        answers.push(id, outputs[0]?.data)
      }
      assert.deepEqual(answers, ['s', BigInt64Array.of(6n, 15n)])
    })

    test('asks for metadata and readiness', async () => {
      const { name: model, inputs } = await client.modelMetadata({ modelName: 'sum' })
      assert.deepEqual([model, inputs], ['sum', [{ name: 'x', datatype: 'INT32', shape: [-1, 3] }]])
      assert.equal(await client.isReady(), true)
      assert.equal(await client.isReady({ modelName: 'sum' }), true)
    })

    test('fails with the code and text of the server, the same over every protocol', async () => {
      assert.deepEqual(await codeAndText(client.infer({ modelName: 'nope', inputs: [X] })), [
        'NOT_FOUND',
        'Model nope not found',
      ])
      const [code, text] = await codeAndText(client.infer({ modelName: 'sum', inputs: [TEXT] }))
      const [, other] = await codeAndText(clients['REST']!.infer({ modelName: 'sum', inputs: [TEXT] }))
      assert.equal(code, 'INVALID_ARGUMENT')
      assert.equal(text, other)
      assert.deepEqual((await codeAndText(client.modelMetadata({ modelName: 'nope' })))[0], 'NOT_FOUND')
    })
  })
}
