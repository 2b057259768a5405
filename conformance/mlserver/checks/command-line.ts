import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Check } from '../check.ts'
import { type PlacedModel, withServer } from '../launchers/launcher.ts'
import { member, SUM_REQUEST, UUID4 } from '../questions.ts'
import type { RestClient } from '../target/rest-client.ts'
import type { Target } from '../target/target.ts'

const SUM: PlacedModel = { folder: 'sum', probe: 'sum-model' }

/** Sends the lines of a file with the command line; no rows if it wrote none. */
async function inferFromFile(
  target: Target,
  rest: RestClient,
  lines: readonly object[],
  options: readonly string[],
): Promise<{ rows: readonly unknown[]; said: string }> {
  const home = await mkdtemp(join(tmpdir(), 'conformance-infer-'))
  const [input, output] = [join(home, 'in.jsonl'), join(home, 'out.jsonl')]
  await writeFile(input, `${lines.map(line => JSON.stringify(line)).join('\n')}\n`)
  const { host } = new URL(rest.url)
  const args = ['infer', '-u', host, '-m', 'sum-model', '-i', input, '-o', output, ...options]
  const { exitCode, output: printed } = await target.launcher!.command(args)
  const text = existsSync(output) ? await readFile(output, 'utf8') : ''
  await rm(home, { recursive: true })
  const rows = text.split('\n').filter(line => line !== '')
  return { rows: rows.map(line => JSON.parse(line) as unknown), said: `exit ${exitCode}: ${printed.trim()}` }
}

export const commandLineChecks: readonly Check[] = [
  {
    id: 'CLI-48',
    reference: 'mlserver §24.48, §17, §25.10',
    title: 'infer from a file: data, batch_index and inference_id for each line, an error for a bad one',
    isLaunching: true,
    run: (target, see) =>
      withServer(target, { models: [SUM] }, async server => {
        const bad = { inputs: [{ name: 'input-0', shape: [1, 3], data: [1, 2, 3] }] }
        const lines = [SUM_REQUEST, bad, { ...SUM_REQUEST, id: 'mine' }]
        const { rows, said } = await inferFromFile(target, server.rest, lines, ['-w', '2'])
        if (rows.length === 0) see.fail(said)
        const at = (index: number) => rows.find(row => member(row, 'parameters', 'batch_index') === index)
        see.same('first', member(at(0), 'outputs', 0, 'data'), [6])
        see.matches('its id', member(at(0), 'id'), UUID4)
        see.same('its inference_id', member(at(0), 'parameters', 'inference_id'), member(at(0), 'id'))
        see.same('bad line', member(at(1), 'error', 'status'), 'preprocessing error')
        see.same('why', member(at(1), 'error', 'msg', 0, 'type'), 'missing')
        see.same('given id', member(at(2), 'id'), 'mine')
      }),
  },
  {
    id: 'CLI-48b',
    reference: 'mlserver §25.10',
    title: 'infer in batches of 3: six lines become two requests, and each line gets its own answer',
    isLaunching: true,
    run: (target, see) =>
      withServer(target, { models: [SUM] }, async server => {
        const lines = [1, 2, 3, 4, 5, 6].map(value => ({
          inputs: [{ name: 'input-0', shape: [1, 2], datatype: 'INT32', data: [value, 10] }],
        }))
        const { rows, said } = await inferFromFile(target, server.rest, lines, ['-s', '3'])
        if (rows.length === 0) see.fail(said)
        for (let index = 0; index < lines.length; index++) {
          const row = rows.find(one => member(one, 'parameters', 'batch_index') === index)
          see.same(`line ${index}`, member(row, 'outputs', 0, 'data'), [index + 11])
        }
        see.same('requests', new Set(rows.map(row => member(row, 'parameters', 'inference_id'))).size, 2)
      }),
  },
  {
    id: 'CLI-49',
    reference: 'mlserver §24.49',
    title: 'dockerfile FOLDER writes a Dockerfile into the folder',
    isLaunching: true,
    pending: 'images',
    run: (target, see) =>
      withServer(target, { models: [SUM], waitFor: 'process' }, async server => {
        const { exitCode, output } = await target.launcher!.command(['dockerfile', server.folder])
        see.that(`exit ${exitCode}: ${output.trim()}`, exitCode === 0)
        const path = join(server.folder, 'Dockerfile')
        see.matches('Dockerfile', existsSync(path) ? await readFile(path, 'utf8') : undefined, /^FROM /m)
      }),
  },
]
