import { readFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { fileURLToPath } from 'node:url'
import { millraceForm } from './contestants/millrace-form.ts'
import { mlserverVersion } from './contestants/mlserver.ts'
import type { Effort } from './options.ts'
import { LOAD_CORE, PINNING_OBSTACLE, SERVER_CORE } from './process/pinning.ts'

/** Under which conditions a run took place, as pairs of words for the report. */
export type Conditions = Readonly<Record<string, string>>

export function currentConditions(effort: Effort): Conditions {
  const cores = availableParallelism()
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cores} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${type()} ${release()}, ${arch()}`,
    'Node.js': process.version,
    Millrace: millraceForm().kind === 'built' ? 'built (dist)' : 'from source',
    '@grpc/grpc-js': packageVersion('@grpc/grpc-js'),
    MLServer: mlserverVersion() ?? 'not installed',
    placement:
      PINNING_OBSTACLE === null
        ? `servers on core ${SERVER_CORE}, load on core ${LOAD_CORE}`
        : `not bound to cores: ${PINNING_OBSTACLE}`,
    measurement: `${effort.rounds} interleaved rounds of ${effort.durationMs / 1000} s after ${effort.warmUpMs / 1000} s of warm-up`,
  }
}

function packageVersion(name: string): string {
  const file = fileURLToPath(new URL(`../node_modules/${name}/package.json`, import.meta.url))
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
