import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ServingError, type Tensor } from '@millrace/sdk'
import { type Bed, IMPORTS, openBed, PYTHON, SKIP } from './python-bed.ts'

const run = promisify(execFile)
const x: Tensor = { name: 'x', datatype: 'FP32', shape: [1], data: Float32Array.of(1) }
const pidOf = async (bed: Bed) =>
  Number((await bed.ask([x], { parameters: { what: 'pid' } })).outputs[0]!.data.at(0))

const MORTAL = `${IMPORTS}
import signal
class Model(MLModel):
    async def predict(self, payload):
        what = payload.parameters.what
        if what == "wait":
            print("waiting")
            await asyncio.Event().wait()
        if what == "exit": os._exit(3)
        if what == "segv": os.kill(os.getpid(), signal.SIGSEGV)
        if what == "kill": os.kill(os.getpid(), signal.SIGKILL)
        if what == "garbage": os.write(3, b"this is no frame at all, and that is that")
        if what == "huge": os.write(3, b"".join(n.to_bytes(4, "little") for n in (35, 1, 10, 1 << 31)))
        if what == "stranger": os.write(3, b"".join(n.to_bytes(4, "little") for n in (35, 77, 4, 0)) + b"null    ")
        return answer(self, y=np.array([os.getpid()]))
`

suite('processes that end', { skip: SKIP }, () => {
  for (const [what, how] of [
    ['exit', 'exit code 3'],
    ['segv', 'signal SIGSEGV'],
    ['kill', 'signal SIGKILL'],
  ] as const) {
    test(`by ${how}: what was in them fails, and they are replaced`, async () => {
      await using bed = await openBed(MORTAL)
      const before = await pidOf(bed)
      const waiting = bed.ask([x], { parameters: { what: 'wait' } })
      await bed.logged('waiting')
      const error = { code: 'UNAVAILABLE', message: `The Python process of model bed ended with ${how}` }
      await Promise.all([
        assert.rejects(bed.ask([x], { parameters: { what } }), error),
        assert.rejects(waiting, error),
      ])
      await assert.rejects(bed.ask([x]), {
        code: 'UNAVAILABLE',
        message: new RegExp(`${how} and is being replaced`),
      })
      assert.equal(bed.model.isReady, false)
      await bed.logged('is back')
      assert.equal(bed.model.isReady, true)
      assert.notEqual(await pidOf(bed), before)
    })
  }

  test('the others go on', async () => {
    await using bed = await openBed(MORTAL, { workerCount: 2 })
    await assert.rejects(bed.ask([x], { parameters: { what: 'exit' } }), { code: 'UNAVAILABLE' })
    assert.equal(bed.model.isReady, true)
    await pidOf(bed)
    await bed.logged('is back')
  })

  for (const [what, problem] of [
    ['garbage', 'a frame of kind'],
    ['huge', 'with a body of 2147483648 bytes; at most 1073741824 are allowed'],
    ['stranger', 'a frame of kind 35 for call 77, which is not open'],
  ] as const) {
    test(`what is no frame ends the process that sent it: ${what}`, async () => {
      await using bed = await openBed(MORTAL)
      await assert.rejects(bed.ask([x], { parameters: { what } }), { code: 'UNAVAILABLE' })
      assert.match((await bed.logged('sent what cannot be read')).message, new RegExp(problem))
      await bed.logged('is back')
    })
  }

  test('one that cannot come back is tried again and again, until the model is unloaded', async () => {
    const bed = await openBed(`${MORTAL}
marker = os.path.join(os.path.dirname(__file__), "seen")
if os.path.exists(marker): raise RuntimeError("only once")
open(marker, "w").close()
`)
    await assert.rejects(bed.ask([x], { parameters: { what: 'exit' } }), { code: 'UNAVAILABLE' })
    await bed.logged('could not be replaced')
    await bed[Symbol.asyncDispose]()
  })
})

suite('the end of a model', { skip: SKIP }, () => {
  test('unload is called, and nothing that the model started is left', async () => {
    const bed = await openBed(`${IMPORTS}
import subprocess
class Model(MLModel):
    async def load(self):
        self.child = subprocess.Popen(["sleep", "1000"])
        return True
    async def predict(self, payload): return answer(self, y=np.array([os.getpid(), self.child.pid]))
    async def unload(self):
        print("unloading")
        return True
`)
    const { outputs } = await bed.ask([x])
    const [pid, child] = Array.from(outputs[0]!.data as BigInt64Array, Number)
    await bed[Symbol.asyncDispose]()
    await bed.logged('unloading')
    assert.throws(() => process.kill(pid!, 0), { code: 'ESRCH' })
    assert.equal(await stateOf(child!), '')
    await assert.rejects(bed.ask([x]), { code: 'UNAVAILABLE', message: 'Model bed is not loaded' })
    await bed.model.unload()
  })

  test('what still runs is interrupted, and an unload that fails is logged', async () => {
    const bed = await openBed(`${IMPORTS}
class Model(MLModel):
    async def predict(self, payload):
        print("waiting")
        await asyncio.Event().wait()
    async def unload(self): raise RuntimeError("cannot let go")
`)
    const waiting = assert.rejects(
      bed.ask([x]),
      (error: unknown) => ServingError.is(error) && error.code === 'CANCELLED',
    )
    await bed.logged('waiting')
    await bed[Symbol.asyncDispose]()
    await waiting
    const line = await bed.logged('failed to unload')
    assert.match(String(line.fields['traceback']), /RuntimeError: cannot let go/)
  })

  for (const [name, body] of [
    ['waits', 'await asyncio.Event().wait()'],
    ['blocks', 'time.sleep(1000)'],
  ]) {
    test(`a server that is killed takes its processes along, also when a model ${name}`, async t => {
      const folder = await mkdtemp(join(tmpdir(), 'millrace-orphan-'))
      t.after(() => rm(folder, { recursive: true }))
      const pipe = join(folder, 'alive')
      await run('mkfifo', [pipe])
      await writeFile(
        join(folder, 'server.ts'),
        `import { openBed } from ${JSON.stringify(fileURLToPath(new URL('./python-bed.ts', import.meta.url)))}
const bed = await openBed(${JSON.stringify(`${IMPORTS}
class Model(MLModel):
    async def predict(self, payload):
        # Open as long as this process is there.
        self.alive = open("${pipe}", "w")
        self.alive.write("x"); self.alive.flush()
        ${body}
`)})
await bed.ask([{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }])
`,
      )
      const server = spawn(process.execPath, ['--conditions=millrace-source', join(folder, 'server.ts')], {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { ...process.env, MILLRACE_TEST_PYTHON: PYTHON },
      })
      const alive = createReadStream(pipe)
      await once(alive, 'data')
      server.kill('SIGKILL')
      await once(alive, 'end')
    })
  }
})

/** The state of a process, such as `S`; empty if it is gone, or is one that only waits for its parent to notice. */
async function stateOf(pid: number): Promise<string> {
  try {
    const { stdout } = await run('ps', ['-o', 'stat=', '-p', String(pid)])
    return stdout.trim().replace(/^Z.*/, '')
  } catch {
    return ''
  }
}
