import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { LaunchedServer } from './launchers/launcher.ts'
import { millraceLauncher } from './launchers/millrace.ts'
import { CHECKS, phases, runCheck, SHARED_MODELS } from './suite.ts'

const launcher = millraceLauncher()
let server: LaunchedServer
before(async () => {
  server = await launcher.launch({ models: SHARED_MODELS })
})
after(() => server.dispose())

const TITLES = ['of one server, side by side', 'of one server, which they change', 'of servers of their own']

for (const [index, { checks, atOnce }] of phases(CHECKS).entries()) {
  suite(`checks ${TITLES[index]}`, { concurrency: atOnce }, () => {
    for (const check of checks) {
      const { pending } = check
      test(`${check.id} ${check.title}`, pending === undefined ? {} : { todo: pending }, async t => {
        const { rest, grpc, metrics } = server
        const { result, seen } = await runCheck(check, { rest, grpc, metrics, launcher })
        if (result === 'not run') t.skip(seen)
        else assert.equal(result, 'pass', seen)
        if (result === 'pass' && pending !== undefined)
          t.diagnostic(`passes now; its mark "${pending}" can go`)
      })
    }
  })
}
