import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { ServingError, type Tensor } from '@millrace/sdk'
import { type BedOptions, IMPORTS, type LogLine, openBed, PYTHON, SKIP } from './python-bed.ts'

const x: Tensor = { name: 'x', datatype: 'FP32', shape: [1], data: Float32Array.of(1) }
const PREDICT = '    async def predict(self, payload): return answer(self, y=np.array([1]))\n'

/** What a load that must fail failed with, and its log. */
async function failedLoad(source: string, options: BedOptions = {}) {
  const lines: LogLine[] = []
  try {
    await using _bed = await openBed(source, { ...options, lines })
  } catch (error) {
    if (!ServingError.is(error)) throw error
    return { error, traceback: JSON.stringify(lines.map(({ fields }) => fields['traceback'])) }
  }
  return assert.fail('it was loaded')
}

suite('loads that fail', { skip: SKIP }, () => {
  test('a module that imports what is not there: file, line and cause, the whole in the log', async () => {
    const { error, traceback } = await failedLoad('import os\nimport not_installed_anywhere\n')
    assert.equal(error.code, 'INTERNAL')
    assert.match(
      error.message,
      /^Model bed failed to load in Python: ModuleNotFoundError: No module named 'not_installed_anywhere'\n/,
    )
    assert.match(error.message, /model\.py", line 2, in <module>\n +import not_installed_anywhere/)
    assert.match(traceback, /Traceback \(most recent call last\)/)
  })

  test('modules and classes that are not there', async () => {
    const table: [implementation: string, code: string, message: RegExp][] = [
      ['missing.Model', 'INTERNAL', /ModuleNotFoundError: No module named 'missing'/],
      ['model.Missing', 'FAILED_PRECONDITION', /model\.py has no 'Missing', which 'model\.Missing' names/],
      ['./missing.py:Model', 'FAILED_PRECONDITION', /the implementation's file .*missing\.py does not exist/],
      [
        'Model',
        'FAILED_PRECONDITION',
        /'Model' names no class; expected module\.Class or \.\/file\.py:Class/,
      ],
      [
        'model.np',
        'FAILED_PRECONDITION',
        /'model\.np' is no model: it has neither predict nor predict_stream/,
      ],
    ]
    for (const [implementation, code, message] of table) {
      const { error } = await failedLoad(`${IMPORTS}\n`, { implementation })
      assert.equal(error.code, code, implementation)
      assert.match(error.message, message)
    }
  })

  test('a load that raises, and one with a status', async () => {
    const { error } = await failedLoad(`${IMPORTS}
class Model(MLModel):
    async def load(self):
        raise RuntimeError("no weights")
`)
    assert.equal(error.code, 'INTERNAL')
    assert.match(error.message, /RuntimeError: no weights\n.*\n.*line \d+, in load/)
    const declared = await failedLoad(`${IMPORTS}
class Model(MLModel):
    async def load(self):
        raise MLServerError("later", 503)
`)
    assert.equal(declared.error.code, 'UNAVAILABLE')
    assert.equal(declared.error.httpStatus, 503)
  })

  test('a load that says False leaves a model that is not ready; one that says nothing is', async () => {
    await using unready = await openBed(`${IMPORTS}
class Model(MLModel):
    async def load(self): return False
${PREDICT}`)
    assert.equal(unready.model.isReady, false)
    await using silent = await openBed(`${IMPORTS}
class Model(MLModel):
    async def load(self): pass
${PREDICT}`)
    assert.equal(silent.model.isReady, true)
  })

  test('a load that takes too long ends with its process', async () => {
    const lines: LogLine[] = []
    const controller = new AbortController()
    const reason = new ServingError('DEADLINE_EXCEEDED', 'loading took too long')
    const loading = openBed(
      `${IMPORTS}
print("begun", os.getpid())
time.sleep(1000)
`,
      { signal: controller.signal, lines },
    )
    const begun = Promise.withResolvers<number>()
    lines.push = (...added: LogLine[]) => {
      const pid = /^begun (\d+)/.exec(added[0]!.message)?.[1]
      if (pid !== undefined) begun.resolve(Number(pid))
      return Array.prototype.push.apply(lines, added)
    }
    const pid = await begun.promise
    controller.abort(reason)
    await assert.rejects(loading, reason)
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
  })

  test('a module that ends the process', async () => {
    const { error } = await failedLoad(
      'import os, sys\nprint("about to leave", file=sys.stderr)\nos._exit(7)\n',
    )
    assert.equal(error.code, 'FAILED_PRECONDITION')
    assert.match(
      error.message,
      /ended with exit code 7 before the model was loaded; it wrote last:\nabout to leave$/,
    )
  })

  test('with two processes, the first failure is told and nothing is left', async () => {
    const { error } = await failedLoad('raise ValueError("twice")\n', { workerCount: 2 })
    assert.match(error.message, /ValueError: twice/)
  })
})

suite('interpreters that cannot serve', () => {
  test('not there, no program, no Python', async t => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-interpreter-'))
    t.after(() => rm(folder, { recursive: true }))
    const shell = join(folder, 'shell')
    await writeFile(shell, '#!/bin/sh\necho "I am a shell" >&2\nexit 3\n')
    await chmod(shell, 0o755)
    const table: [BedOptions, RegExp][] = [
      [
        { extra: { python: '/not/there' } },
        /parameters\.extra\.python: \/not\/there is not there or cannot be run/,
      ],
      [
        { parameters: { environment_path: '/not/there' } },
        /parameters\.environment_path: \/not\/there\/bin\/python is not there/,
      ],
      [
        { parameters: { environment_tarball: 'env.tar.gz' } },
        /parameters\.environment_tarball: nobody has unpacked it/,
      ],
      [{ extra: { python: 3 } }, /parameters\.extra\.python: 3 is not a path/],
      [
        { extra: { python: shell } },
        /ended with exit code 3 before the model was loaded; it wrote last:\nI am a shell/,
      ],
    ]
    for (const [options, message] of table) {
      const { error } = await failedLoad('', options)
      assert.equal(error.code, 'FAILED_PRECONDITION')
      assert.match(error.message, message)
    }
  })

  test('a Python without numpy', { skip: SKIP }, async t => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-interpreter-'))
    t.after(() => rm(folder, { recursive: true }))
    const bare = join(folder, 'python')
    await writeFile(bare, `#!/bin/sh\nexec ${PYTHON} -S "$@"\n`)
    await chmod(bare, 0o755)
    const { error } = await failedLoad('', { extra: { python: bare } })
    assert.equal(error.code, 'FAILED_PRECONDITION')
    assert.match(error.message, /cannot import numpy, which serving needs: No module named 'numpy'/)
  })
})

suite('requests that fail', { skip: SKIP }, () => {
  test('declared errors keep their status, others are INTERNAL with type and text and a traceback in the log', async () => {
    await using bed = await openBed(`${IMPORTS}
from mlserver.codecs import NumpyRequestCodec
class Model(MLModel):
    async def predict(self, payload):
        what = payload.parameters.what
        if what == "default": raise MLServerError("declared")
        if what == "teapot": raise MLServerError("short and stout", 418)
        if what == "missing": raise MLServerError("no such row", 404)
        if what == "odd": raise MLServerError("all is well", 200)
        if what == "plain": raise ValueError("out of cheese")
        if what == "exit": sys.exit(3)
        if what == "codec": NumpyRequestCodec.decode_request(payload)
        if what == "shape": return InferenceResponse(model_name="m", outputs=[ResponseOutput(name="y", shape=[2], datatype="FP32", data=[1.0])])
        if what == "range": return InferenceResponse(model_name="m", outputs=[ResponseOutput(name="y", shape=[1], datatype="INT8", data=[300])])
        if what == "null": return InferenceResponse(model_name="m", outputs=[ResponseOutput(name="y", shape=[1], datatype="BYTES", data=[None])])
        if what == "other": return 5
        return None
`)
    const table: [what: string, code: string, httpStatus: number | undefined, message: string | RegExp][] = [
      ['default', 'INVALID_ARGUMENT', 400, 'declared'],
      ['teapot', 'INVALID_ARGUMENT', 418, 'short and stout'],
      ['missing', 'NOT_FOUND', 404, 'no such row'],
      ['odd', 'INTERNAL', undefined, /^all is well \(with status 200/],
      ['plain', 'INTERNAL', undefined, 'ValueError: out of cheese'],
      ['exit', 'INTERNAL', undefined, 'SystemExit: 3'],
      [
        'codec',
        'INVALID_ARGUMENT',
        400,
        /The 'np' codec only supports a single input tensor \(2 were received\)/,
      ],
      ['shape', 'INTERNAL', undefined, "the model's output 'y' has 1 elements; shape [2] needs exactly 2"],
      [
        'range',
        'INTERNAL',
        undefined,
        /^the model's output 'y' cannot be written as INT8: values of int64 do not fit/,
      ],
      [
        'null',
        'INTERNAL',
        undefined,
        "the model's output 'y' element 0 is NoneType; BYTES holds bytes or str",
      ],
      ['other', 'INTERNAL', undefined, 'predict returned int; expected an InferenceResponse'],
      ['nothing', 'INVALID_ARGUMENT', undefined, "Model 'bed' returned no predictions after inference"],
    ]
    for (const [what, code, httpStatus, message] of table) {
      await assert.rejects(bed.ask([x, { ...x, name: 'z' }], { parameters: { what } }), (error: unknown) => {
        assert.ok(ServingError.is(error))
        assert.deepEqual([error.code, error.httpStatus], [code, httpStatus], what)
        if (typeof message === 'string') assert.equal(error.message, message)
        else assert.match(error.message, message)
        return true
      })
    }
    const traced = await bed.logged('ValueError: out of cheese')
    assert.match(String(traced.fields['traceback']), /model\.py", line \d+, in predict/)
    assert.equal(
      bed.lines.some(({ message }) => message.includes('short and stout')),
      false,
    )
  })

  test('a deadline that has passed is not worth a prediction', async () => {
    await using bed = await openBed(`${IMPORTS}\nclass Model(MLModel):\n${PREDICT}`)
    await assert.rejects(bed.ask([x], { deadlineMs: 1 }), { code: 'DEADLINE_EXCEEDED' })
  })

  test('more requests than a process may have', async () => {
    await using bed = await openBed(`${IMPORTS}
class Model(MLModel):
    async def predict(self, payload): await asyncio.Event().wait()
`)
    const controller = new AbortController()
    const waiting = Array.from({ length: 1024 }, () => bed.ask([x], { signal: controller.signal }))
    await assert.rejects(bed.ask([x]), { code: 'RESOURCE_EXHAUSTED', retryAfterMs: 1000 })
    controller.abort(new ServingError('CANCELLED', 'enough'))
    for (const settled of await Promise.allSettled(waiting)) assert.equal(settled.status, 'rejected')
  })
})
