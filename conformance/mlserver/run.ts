import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Launcher } from './launchers/launcher.ts'
import { millraceLauncher } from './launchers/millrace.ts'
import { mlserverLauncher } from './launchers/mlserver.ts'
import { markdown, type Outcomes, plainText, type Row, rowsOf } from './report.ts'
import { runChecks } from './run-checks.ts'
import { CHECKS, SHARED_MODELS } from './suite.ts'
import { connect } from './target/target.ts'

const TEMPORARY_FOLDER = new RegExp(`${RegExp.escape(tmpdir())}/[\\w-]+`, 'g')

const USAGE = `node --conditions=millrace-source conformance/mlserver/run.ts [options]

  --target millrace|mlserver|both   which server(s) to start and ask (default: millrace)
  --venv FOLDER                     the virtual environment that has mlserver; also MLSERVER_VENV
  --url URL --grpc HOST:PORT [--metrics URL]
                                    ask a server that runs already, instead of starting one
  --repository FOLDER               write the models that such a server must serve there, and stop
  --only TEXT                       only checks whose id begins with it; may be repeated
  --write                           write results.md and results.json beside this file
`

const { values } = parseArgs({
  options: {
    target: { type: 'string', default: 'millrace' },
    venv: { type: 'string', default: process.env['MLSERVER_VENV'] ?? 'bench/peers/mlserver/.venv' },
    url: { type: 'string' },
    grpc: { type: 'string' },
    metrics: { type: 'string' },
    repository: { type: 'string' },
    only: { type: 'string', multiple: true, default: [] },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) process.stdout.write(USAGE)
else process.exitCode = await main()

async function main(): Promise<number> {
  const { target, only } = values
  if (!['millrace', 'mlserver', 'both'].includes(target)) {
    process.stderr.write(`--target is ${target}; allowed: millrace, mlserver, both\n\n${USAGE}`)
    return 2
  }
  if ((values.url === undefined) !== (values.grpc === undefined)) {
    process.stderr.write(`--url and --grpc go together\n\n${USAGE}`)
    return 2
  }
  if (values.repository !== undefined) {
    await launcherOf(target === 'mlserver' ? 'mlserver' : 'millrace').writeRepository(
      values.repository,
      SHARED_MODELS,
    )
    return 0
  }
  const checks = CHECKS.filter(({ id }) => only.length === 0 || only.some(text => id.startsWith(text)))
  const external = externalServer()
  const outcomesOf = async (name: 'millrace' | 'mlserver'): Promise<Outcomes | undefined> => {
    if (target !== name && target !== 'both') return undefined
    const launcher = launcherOf(name)
    const onOutcome = ({ id }: { id: string }, { result }: { result: string }) =>
      void process.stderr.write(`${name} ${id} ${result}\n`)
    const common = { checks, onOutcome }
    return external === undefined
      ? runChecks({ ...common, launcher })
      : runChecks({ ...common, launcher: null, server: external })
  }
  const millrace = await outcomesOf('millrace')
  const mlserver = await outcomesOf('mlserver')
  external?.close()
  const rows = rowsOf(checks, millrace, mlserver)
  process.stdout.write(plainText(rows))
  if (values.write) await write(rows)
  const hasFailed = rows.some(row => row.millrace?.result === 'fail' && row.pending === undefined)
  return hasFailed ? 1 : 0
}

function launcherOf(name: 'millrace' | 'mlserver'): Launcher {
  return name === 'millrace' ? millraceLauncher() : mlserverLauncher(`${values.venv}/bin`)
}

function externalServer() {
  const { url, grpc, metrics } = values
  return url === undefined || grpc === undefined ? undefined : connect({ rest: url, grpc, metrics })
}

/** What was not asked this time stays as it was. */
async function write(rows: readonly Row[]): Promise<void> {
  const jsonPath = fileURLToPath(new URL('./results.json', import.meta.url))
  const before = await readFile(jsonPath, 'utf8').then(
    text => (JSON.parse(text) as { rows: readonly Row[] }).rows,
    () => [],
  )
  const now = new Map([...before, ...rows].map(row => [row.id, row]))
  const merged = rowsOf(CHECKS).map(row => {
    const [old, found] = [before.find(({ id }) => id === row.id), now.get(row.id)]
    return {
      ...row,
      millrace: found?.millrace ?? old?.millrace,
      mlserver: found?.mlserver ?? old?.mlserver,
    }
  })
  const requirements = new URL('../../bench/peers/mlserver/requirements.txt', import.meta.url)
  const pin = /^mlserver==(.+)$/m.exec(await readFile(requirements, 'utf8'))?.[1] ?? 'unknown'
  const versions = `Millrace from this source, on Node ${process.versions.node}; MLServer ${pin} from PyPI, with its default settings.`
  // Folders that were made for a run say nothing to who reads the page.
  const json = JSON.stringify({ mlserver: pin, rows: merged }, null, 2).replaceAll(TEMPORARY_FOLDER, '…')
  await writeFile(jsonPath, `${json}\n`)
  await writeFile(fileURLToPath(new URL('./results.md', import.meta.url)), markdown(merged, versions))
}
