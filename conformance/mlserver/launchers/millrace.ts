import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Launcher } from './launcher.ts'
import { processLauncher } from './process-launcher.ts'

const MAIN = fileURLToPath(new URL('../../../packages/platform/cli/main.ts', import.meta.url))
const PROBES = fileURLToPath(new URL('../repositories/millrace', import.meta.url))

/** `millrace serve`, from the source. */
export function millraceLauncher(): Launcher {
  return processLauncher({
    name: 'millrace',
    probes: PROBES,
    program: [process.execPath, '--conditions=millrace-source', MAIN],
    serve: folder => ['serve', folder],
    environment: { NODE_COMPILE_CACHE: join(tmpdir(), 'millrace-test-compile-cache') },
    startLimitMs: 20_000,
  })
}
