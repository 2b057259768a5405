import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { BytesArray, type Tensor } from '@millrace/sdk'
import { IMPORTS, openBed, SKIP } from './python-bed.ts'

const ECHO = `${IMPORTS}
class Model(MLModel):
    async def predict(self, payload):
        outputs = [
            ResponseOutput(name=i.name, shape=i.shape, datatype=i.datatype, data=i.data, parameters=i.parameters)
            for i in payload.inputs
        ]
        return InferenceResponse(model_name=self.name, outputs=outputs)
`

const x: Tensor = { name: 'x', datatype: 'FP32', shape: [2], data: Float32Array.of(1, 2) }

const large = (seed: number): Tensor => ({
  name: 'x',
  datatype: 'FP32',
  shape: [700_001],
  data: Float32Array.from({ length: 700_001 }, (_, index) => index + seed),
})

suite('a Python class', { skip: SKIP }, () => {
  test('every datatype arrives and comes back as it was', async () => {
    await using bed = await openBed(ECHO)
    const tensors: Tensor[] = [
      { name: 'bool', datatype: 'BOOL', shape: [2], data: Uint8Array.of(0, 1) },
      { name: 'u8', datatype: 'UINT8', shape: [1], data: Uint8Array.of(255) },
      { name: 'u16', datatype: 'UINT16', shape: [1], data: Uint16Array.of(65_535) },
      { name: 'u32', datatype: 'UINT32', shape: [1], data: Uint32Array.of(4_294_967_295) },
      { name: 'u64', datatype: 'UINT64', shape: [1], data: BigUint64Array.of(18_446_744_073_709_551_615n) },
      { name: 'i8', datatype: 'INT8', shape: [1], data: Int8Array.of(-128) },
      { name: 'i16', datatype: 'INT16', shape: [1], data: Int16Array.of(-32_768) },
      { name: 'i32', datatype: 'INT32', shape: [1], data: Int32Array.of(-2_147_483_648) },
      { name: 'i64', datatype: 'INT64', shape: [1], data: BigInt64Array.of(-9_223_372_036_854_775_808n) },
      { name: 'f16', datatype: 'FP16', shape: [2], data: Float16Array.of(1.5, Number.NaN) },
      { name: 'f32', datatype: 'FP32', shape: [2, 1], data: Float32Array.of(1.5, Number.POSITIVE_INFINITY) },
      { name: 'f64', datatype: 'FP64', shape: [1, 2], data: Float64Array.of(0.1, Number.NaN) },
      { name: 'text', datatype: 'BYTES', shape: [3], data: BytesArray.from(['', 'größer', '\0']) },
      { name: 'bytes', datatype: 'BYTES', shape: [1], data: BytesArray.from([Uint8Array.of(0xff, 0)]) },
      { name: 'none', datatype: 'FP32', shape: [0, 3], data: new Float32Array(0) },
      { name: 'no text', datatype: 'BYTES', shape: [0], data: BytesArray.from([]) },
    ]
    const { outputs } = await bed.ask(tensors)
    for (const [index, tensor] of tensors.entries()) {
      const output = outputs[index]!
      assert.deepEqual(
        [output.name, output.datatype, output.shape],
        [tensor.name, tensor.datatype, tensor.shape],
      )
      if (BytesArray.is(tensor.data)) {
        assert.ok(BytesArray.is(output.data))
        assert.deepEqual(output.data.packed(), tensor.data.packed(), tensor.name)
      } else assert.deepEqual(output.data, tensor.data, tensor.name)
    }
  })

  test('what it takes is what its processes take', {
    skip: process.platform !== 'linux' && 'no /proc',
  }, async () => {
    const source = `${ECHO}
    async def load(self):
        self.weights = b"w" * 64_000_000
        return True
`
    await using one = await openBed(source)
    await using two = await openBed(source, { workerCount: 2 })
    assert.ok(one.model.memoryBytes() > 64_000_000 && one.model.memoryBytes() < 256_000_000)
    assert.ok(two.model.memoryBytes() > 2 * 64_000_000)
    await one.model.unload()
    assert.ok(Number.isNaN(one.model.memoryBytes()))
  })

  test('large tensors, one after the other and side by side', async () => {
    await using bed = await openBed(ECHO)
    const tensors = [large(1), large(2), large(3), x]
    const answers = await Promise.all(tensors.map(tensor => bed.ask([tensor, x])))
    for (const [index, { outputs }] of answers.entries()) {
      assert.deepEqual(outputs[0]!.data, tensors[index]!.data)
      assert.deepEqual(outputs[1]!.data, x.data)
    }
  })

  test('an input can be written to, and does not outlive its request by accident', async () => {
    await using bed = await openBed(`${IMPORTS}
class Model(MLModel):
    async def predict(self, payload):
        array = self.decode(payload.inputs[0], default_codec=NumpyCodec)
        array += 1
        return answer(self, y=array)
`)
    const [first, second] = await Promise.all([bed.ask([x]), bed.ask([x])])
    assert.deepEqual(first.outputs[0]!.data, Float32Array.of(2, 3))
    assert.deepEqual(second.outputs[0]!.data, Float32Array.of(2, 3))
    assert.deepEqual(x.data, Float32Array.of(1, 2))
  })

  test('what a request carries, and what an answer may', async () => {
    await using bed = await openBed(
      `${IMPORTS}
class Model(MLModel):
    async def predict(self, payload):
        p = payload.parameters
        seen = [payload.id, p.custom, p.headers["x-client"], payload.inputs[0].parameters.note,
                payload.outputs[0].name, self.name, self.version, self.settings.parameters.extra["k"],
                self.settings.parameters.uri == self.settings.parameters.uri, str(p.big)]
        response = answer(self, y=np.array([1]))
        response.parameters = Parameters(seen=seen, huge=2**63, nothing=None, odd=float("nan"), headers={"X-Model": "yes"})
        return response
`,
      { extra: { k: 'v', python: (await import('./python-bed.ts')).PYTHON } },
    )
    const headers: Record<string, string> = {}
    const answer = await bed.ask([{ ...x, parameters: { note: 'here' } }], {
      headers: { 'x-client': 'me' },
      parameters: { custom: true, big: 9_007_199_254_740_993n },
      outputs: [{ name: 'y' }],
      setHeader: (name, value) => {
        headers[name] = value
      },
    })
    assert.deepEqual(answer.parameters, {
      seen: ['r1', true, 'me', 'here', 'y', 'bed', 'v1', 'v', true, '9007199254740993'],
      huge: 9_223_372_036_854_775_808n,
      odd: null,
    })
    assert.deepEqual(headers, { 'X-Model': 'yes' })
  })

  test('metadata, routes and metrics of the class', async () => {
    await using bed = await openBed(`${IMPORTS}
import mlserver
from mlserver.handlers import custom_handler
from mlserver.types import MetadataTensor
class Model(MLModel):
    async def load(self):
        self.inputs = [MetadataTensor(name="x", datatype="FP32", shape=[-1], parameters={"content_type": "np"})]
        mlserver.register("rows", "How many rows there were")
        return True
    async def predict(self, payload):
        mlserver.log(rows=payload.inputs[0].shape[0], other=1.5)
        return answer(self, y=np.array([1]))
    @custom_handler("/count/{kind}", rest_method="POST")
    async def count(self, kind: str, numbers: list, times: int = 1):
        return {"kind": kind, "sum": sum(numbers) * times}
`)
    assert.deepEqual(bed.model.inputs, [
      { name: 'x', datatype: 'FP32', shape: [-1], contentType: 'np', parameters: undefined },
    ])
    await bed.ask([x])
    await bed.ask([x])
    assert.deepEqual(bed.observed, { rows: [2, 2], other: [1.5, 1.5] })
    const [route] = bed.model.routes
    assert.deepEqual([route!.method, route!.path], ['POST', '/count/:kind'])
    const call = (body: string, query = '') =>
      route!.handle(
        {
          method: 'POST',
          path: '/count/apples',
          params: { kind: 'apples' },
          query: new URLSearchParams(query),
          headers: {},
          body: Buffer.from(body),
          json: () => JSON.parse(body) as unknown,
        },
        bed.context(),
      )
    const { status, headers, body } = await call('[1,2,3]', 'times=2')
    assert.deepEqual([status, headers], [200, { 'content-type': 'application/json' }])
    assert.equal(Buffer.from(body as Uint8Array).toString(), '{"kind":"apples","sum":12}')
    for (const [wrong, query] of [
      ['[1', ''],
      ['{}', ''],
      ['[1]', 'times=many'],
    ]) {
      await assert.rejects(async () => call(wrong!, query), { code: 'INVALID_ARGUMENT', httpStatus: 422 })
    }
  })

  test('requests of one process go on side by side, and a file can be named instead of a module', async () => {
    await using bed = await openBed(
      `${IMPORTS}
class Model(MLModel):
    waiting = None
    async def predict(self, payload):
        if self.waiting is None:
            self.waiting = asyncio.Event()
            await self.waiting.wait()
            return answer(self, y=np.array([1]))
        self.waiting.set()
        return answer(self, y=np.array([2]))
`,
      { implementation: './model.py:Model' },
    )
    const answers = await Promise.all([bed.ask([x]), bed.ask([x])])
    assert.deepEqual(
      answers.map(({ outputs }) => outputs[0]!.data),
      [BigInt64Array.of(1n), BigInt64Array.of(2n)],
    )
  })

  test('what is printed and logged reaches the log, with levels', async () => {
    await using bed = await openBed(`${IMPORTS}
from mlserver.logging import logger
class Model(MLModel):
    async def load(self):
        print("on stdout"); print("on stderr", file=sys.stderr)
        logger.info("by the logger"); logger.error("badly")
        return True
    async def predict(self, payload): return answer(self, y=np.array([1]))
`)
    await Promise.all(['on stdout', 'on stderr', 'by the logger', 'badly'].map(text => bed.logged(text)))
    const level = (text: string) => bed.lines.find(({ message }) => message === text)?.level
    assert.deepEqual(['on stdout', 'on stderr', 'by the logger', 'badly'].map(level), [
      'info',
      'warn',
      'info',
      'error',
    ])
  })

  test('two processes share the requests', async () => {
    await using bed = await openBed(
      `${IMPORTS}
class Model(MLModel):
    async def predict(self, payload):
        # The other process has the second request, so this one waits until that has been seen.
        open(os.path.join(os.path.dirname(__file__), str(os.getpid())), "w").close()
        while len([n for n in os.listdir(os.path.dirname(__file__)) if n.isdigit()]) < 2:
            await asyncio.sleep(0.001)
        return answer(self, pid=np.array([os.getpid()]))
`,
      { workerCount: 2 },
    )
    const answers = await Promise.all([bed.ask([x]), bed.ask([x])])
    const pids = new Set(answers.map(({ outputs }) => Number(outputs[0]!.data.at(0))))
    assert.equal(pids.size, 2)
  })
})
