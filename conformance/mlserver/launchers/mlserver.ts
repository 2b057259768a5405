import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Launcher } from './launcher.ts'
import { processLauncher } from './process-launcher.ts'

const PROBES = fileURLToPath(new URL('../repositories/mlserver', import.meta.url))

/**
 * `mlserver start`.
 * @param binaries the folder of the virtual environment that has `mlserver` and `python`
 */
export function mlserverLauncher(binaries: string): Launcher {
  return processLauncher({
    name: 'mlserver',
    probes: PROBES,
    program: [join(binaries, 'mlserver')],
    serve: folder => ['start', folder],
    environment: { PYTHONDONTWRITEBYTECODE: '1' },
    startLimitMs: 60_000,
  })
}
