import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { BytesArray, type Tensor, type TensorSpec } from '@millrace/sdk'
import { openFuncMain } from './func-main-bed.ts'
import { SKIP } from './python-bed.ts'

const TENSORS = `
import hydro_serving_grpc as hs
import numpy as np

def scale(xs):
    rows = np.array(xs.double_val).reshape([dim.size for dim in xs.tensor_shape.dim])
    total = hs.TensorProto(dtype=hs.DT_DOUBLE, double_val=[rows.sum() * 2], tensor_shape=hs.TensorShapeProto())
    return hs.PredictResponse(outputs={"total": total})

def words(xs):
    answer = hs.PredictResponse()
    shape = hs.TensorShapeProto(dim=[hs.TensorShapeProto.Dim(size=-1)])
    answer.outputs["text"].CopyFrom(hs.TensorProto(dtype=hs.DT_STRING, string_val=[b"a", b"b"], tensor_shape=shape))
    answer.outputs["flat"].CopyFrom(hs.TensorProto(dtype=hs.DT_INT32, int_val=[1, 2, 3]))
    answer.outputs["image"].CopyFrom(
        hs.TensorProto(dtype=hs.DT_FLOAT, tensor_content=np.float32([1, 2]).tobytes(), tensor_shape=shape))
    return answer

def plain(xs):
    return {"total": 1}

def wrong(xs):
    raise ValueError("no good")

def unfit(xs):
    return hs.PredictResponse(outputs={"total": hs.TensorProto(dtype=hs.DT_COMPLEX64)})
`

const ARRAYS = `
import numpy as np

def predict(x, name):
    assert isinstance(x, np.ndarray) and not isinstance(name, np.ndarray)
    return {"y": float(x.sum()), "who": np.array([str(name) + "!"]), "n": len(x), "flag": True, "more": 1}
`

/** Answers, and fails, as its input says. */
const FAILING = `
import numpy as np

def predict(name):
    if name == "wrong": raise ValueError("no good")
    if name == "boom": raise RuntimeError("boom")
    if name == "number": return 3
    good = {"y": 1.0, "n": 1}
    return {**good, **{
        "objects": {"y": np.array([object()])},
        "huge": {"y": 1e300},
        "half": {"n": 2.5},
        "good": {},
    }[name]} if name != "missing" else {"result": 1.0}
`

const xs: Tensor = { name: 'xs', datatype: 'FP64', shape: [1, 2], data: Float64Array.of(1.5, 2) }
const inputs: readonly Tensor[] = [
  { name: 'x', datatype: 'FP32', shape: [2], data: Float32Array.of(1, 2) },
  { name: 'name', datatype: 'BYTES', shape: [], data: BytesArray.from(['Bo']) },
]
const plain = ({ name, datatype, shape, data }: Tensor) => ({ name, datatype, shape, data })
const spec = (name: string, datatype: TensorSpec['datatype']): TensorSpec => ({ name, datatype, shape: [] })

suite('functions that take tensors (G1, G2)', { skip: SKIP }, () => {
  test('are given a TensorProto for each input, and answer a PredictResponse', async () => {
    await using bed = await openFuncMain(TENSORS, { extra: { signature_name: 'scale' } })
    const { outputs } = await bed.model.predict([xs])
    assert.deepEqual(outputs.map(plain), [
      { name: 'total', datatype: 'FP64', shape: [], data: Float64Array.of(7) },
    ])
    const said = bed.model.log.info.map(({ message }) => message).join('\n')
    assert.match(
      said,
      /func_main\.scale is called as in G2 with tensors, because func_main\.py imports hydro_serving_grpc/,
    )
  })

  test('may leave sizes, shapes and fields of values out', async () => {
    await using bed = await openFuncMain(TENSORS, { extra: { signature_name: 'words' } })
    const { outputs } = await bed.model.predict([xs])
    const [text, flat, image] = outputs.map(plain)
    assert.ok(text !== undefined && BytesArray.is(text.data))
    assert.deepEqual(
      Array.from(text.data, value => Buffer.from(value).toString()),
      ['a', 'b'],
    )
    assert.deepEqual(flat, { name: 'flat', datatype: 'INT32', shape: [3], data: Int32Array.of(1, 2, 3) })
    assert.deepEqual(image, { name: 'image', datatype: 'FP32', shape: [2], data: Float32Array.of(1, 2) })
  })

  test('of G1 are chosen by the request', async () => {
    const extra = { generation: 'G1', signature_name: 'scale', signatures: ['words'] }
    await using bed = await openFuncMain(TENSORS, { extra })
    const ask = (signature: string) => bed.model.predict([xs], { parameters: { signature_name: signature } })
    assert.equal((await ask('words')).outputs[0]?.name, 'text')
    assert.equal((await ask('scale')).outputs[0]?.name, 'total')
    await assert.rejects(ask('wrong'), {
      code: 'INVALID_ARGUMENT',
      message: 'wrong signature is not present in the model',
    })
  })

  test('that fail, or answer something else, are said to', async () => {
    const failures = {
      plain: ['OUT_OF_RANGE', 'Type of a result (dict) is not `PredictResponse`'],
      wrong: ['UNKNOWN', "ValueError('no good')"],
      unfit: [
        'OUT_OF_RANGE',
        "Could not convert an output to a tensor: output 'total' has dtype DT_COMPLEX64, which is not served",
      ],
    } as const
    const extra = { generation: 'G1', signatures: Object.keys(failures) }
    await using bed = await openFuncMain(TENSORS, { extra })
    for (const [name, [code, message]] of Object.entries(failures)) {
      const asked = bed.model.predict([xs], { parameters: { signature_name: name } })
      await assert.rejects(asked, { code, message })
    }
  })

  test('may take arrays all the same, as those of late G2 do', async () => {
    const extra = { generation: 'G2', arguments: 'arrays' }
    await using bed = await openFuncMain(ARRAYS, { extra })
    assert.equal((await bed.model.predict(inputs)).outputs[0]?.name, 'y')
  })
})

suite('functions that take arrays (G3)', { skip: SKIP }, () => {
  test('answer numbers, text and arrays in a dict', async () => {
    await using bed = await openFuncMain(ARRAYS)
    const { outputs } = await bed.model.predict(inputs)
    assert.deepEqual(
      outputs.map(({ name, datatype, shape }) => `${name} ${datatype} [${shape.join()}]`),
      ['y FP64 []', 'who BYTES [1]', 'n INT64 []', 'flag BOOL []', 'more INT64 []'],
    )
    assert.match(bed.model.log.info.map(({ message }) => message).join('\n'), /as in G3 with arrays/)
  })

  test("answer what the contract declares, also where Python's own numbers are wider", async () => {
    const declared = [spec('n', 'INT32'), spec('y', 'FP32'), spec('flag', 'UINT8')]
    await using bed = await openFuncMain(ARRAYS, { outputs: declared })
    const { outputs } = await bed.model.predict(inputs)
    assert.deepEqual(outputs.map(plain), [
      { name: 'n', datatype: 'INT32', shape: [], data: Int32Array.of(2) },
      { name: 'y', datatype: 'FP32', shape: [], data: Float32Array.of(3) },
      { name: 'flag', datatype: 'UINT8', shape: [], data: Uint8Array.of(1) },
    ])
    assert.match(bed.model.log.warn.map(({ message }) => message).join('\n'), /'who', 'more'.*dropped/)
  })

  test('that fail, or answer what is not declared, are said to', async () => {
    const outputs = [spec('y', 'FP32'), spec('n', 'INT32')]
    await using bed = await openFuncMain(FAILING, { outputs })
    const ask = (name: string) => {
      const input: Tensor = { name: 'name', datatype: 'BYTES', shape: [], data: BytesArray.from([name]) }
      return bed.model.predict([input])
    }
    assert.equal((await ask('good')).outputs.length, 2)
    const failures = [
      ['wrong', 'OUT_OF_RANGE', /^ValueError\('no good'\)$/],
      ['boom', 'INTERNAL', /^RuntimeError\('boom'\)$/],
      ['number', 'INTERNAL', /^Type of a result \(int\) is not `dict`$/],
      ['objects', 'OUT_OF_RANGE', /output 'y' is an array of object/],
      ['huge', 'OUT_OF_RANGE', /declared as FP32, .*FP64; the value 1e\+300 does not fit/],
      ['half', 'OUT_OF_RANGE', /declared as INT32, .*FP64; .*np\.int32/],
      ['missing', 'OUT_OF_RANGE', /output 'y' is declared, and the function answers 'result'/],
    ] as const
    for (const [name, code, message] of failures) await assert.rejects(ask(name), { code, message })
  })
})

suite('the folder of a function', { skip: SKIP }, () => {
  test('has its libraries where its generation has them, and is the working directory', async () => {
    const source =
      'import extra, os\ndef predict():\n    return {"at": os.path.basename(os.getcwd()), "n": extra.N}\n'
    await using whole = await openFuncMain({
      'files/src/func_main.py': source,
      'files/src/lib/extra.py': 'N = 1',
    })
    assert.equal((await whole.model.predict([])).outputs.length, 2)
    const old = `import hydro_serving_grpc.tf.types_pb2\n${source}`
    await using older = await openFuncMain(
      { 'files/src/func_main.py': old, 'lib/extra.py': 'N = 2' },
      { extra: { arguments: 'arrays', generation: 'G2' } },
    )
    assert.equal((await older.model.predict([])).outputs.length, 2)
  })

  test('may be what was uploaded, or hold the file alone', async () => {
    for (const place of ['src/func_main.py', 'func_main.py']) {
      await using bed = await openFuncMain({ [place]: 'def only():\n    return {"n": 1}\n' })
      assert.equal((await bed.model.predict([])).outputs[0]?.name, 'n')
    }
  })

  const refused = [
    [
      'without the file',
      { 'files/x.py': '' },
      {},
      /there is no func_main\.py in .*files\/src\/func_main\.py/,
    ],
    [
      'that cannot be imported',
      { 'func_main.py': 'import nowhere_at_all' },
      {},
      /'func_main' import error: Module/,
    ],
    [
      'that ends the process',
      { 'func_main.py': 'import sys; sys.exit(3)' },
      {},
      /import error: SystemExit\(3\)/,
    ],
    [
      'without the function',
      { 'func_main.py': 'def f(): pass' },
      { extra: { signature_name: 'g' } },
      /no function 'g'; it has: f/,
    ],
    [
      'with several functions and no name',
      { 'func_main.py': 'def f(): pass\ndef g(): pass' },
      {},
      /2 functions \(f, g\).*signature_name/,
    ],
    [
      'that takes other arguments',
      { 'func_main.py': 'def f(a): pass' },
      { inputs: [spec('b', 'FP32')] },
      /func_main\.f\(a\) cannot be called with the declared inputs b/,
    ],
    [
      'of an unknown generation',
      { 'func_main.py': 'def f(): pass' },
      { extra: { generation: 'G4' } },
      /generation is 'G4'; allowed are G1, G2, G3/,
    ],
  ] as const
  for (const [title, files, options, message] of refused) {
    test(`${title} fails the load`, () => assert.rejects(openFuncMain(files, options), { message }))
  }
})
