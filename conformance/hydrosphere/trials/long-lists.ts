import assert from 'node:assert/strict'
import { field } from '../bed/manager-calls.ts'
import { registerProgram, startBed } from '../bed/up-bed.ts'
import { quantile, type Trial } from './trial.ts'

const MEASURED = 20
const SIZES = { long: { versions: 1000, applications: 200 }, short: { versions: 200, applications: 10 } }

/** Lists of many versions and applications, whose servables only wait. How long each takes is told. */
export const longLists: Trial = async ({ isShort }) => {
  const { versions, applications } = isShort ? SIZES.short : SIZES.long
  const bed = await startBed()
  try {
    await registerProgram(bed, 'conformance/waits:1', ['sleep', '100000'])
    const signature = {
      signatureName: 'act',
      inputs: [field('x', 'DOUBLE', [])],
      outputs: [field('y', 'DOUBLE', [])],
    }
    const { id } = await bed.release({
      name: 'waits',
      files: { a: '' },
      signature,
      runtime: 'conformance/waits:1',
    })
    for (let index = 1; index < versions; index++) {
      await bed.ok('POST', '/api/v2/externalmodel', { name: `external-${index % 50}`, signature })
    }
    for (let index = 0; index < applications; index++) {
      const { status, text } = await bed.application(`application-${index}`, [[[id, 100]]])
      assert.equal(status, 200, text)
    }
    const lines: string[] = []
    for (const [path, count] of [
      ['/api/v2/model/version', versions],
      ['/api/v2/application', applications],
      ['/api/v2/servable', applications],
      ['/api/v2/model', undefined],
    ] as const) {
      const durations: number[] = []
      for (let index = 0; index < MEASURED; index++) {
        const startedMs = performance.now()
        const list = await bed.ok<readonly unknown[]>('GET', path)
        durations.push(performance.now() - startedMs)
        if (count !== undefined) assert.equal(list.length, count, path)
      }
      const figures = [0.5, 1].map(fraction => quantile(durations, fraction).toFixed(1))
      lines.push(
        `${path}${count === undefined ? '' : ` with ${count}`}: median ${figures[0]} ms, longest ${figures[1]} ms`,
      )
    }
    return lines
  } finally {
    await bed.close()
  }
}
