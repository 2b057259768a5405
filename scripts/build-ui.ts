/**
 * Builds the web interface if it is missing or older than its source; does nothing otherwise. With `--if-possible` a build
 * that fails is told, and no failure: the platform runs without pages, too.
 */
import { buildUi, isUiFresh } from './ui-build.ts'

if (!isUiFresh()) {
  const startMs = performance.now()
  process.stdout.write('Building the web interface… ')
  try {
    await buildUi()
    console.log(`${((performance.now() - startMs) / 1000).toFixed(1)} s`)
  } catch (error) {
    console.log('failed')
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = process.argv.includes('--if-possible') ? 0 : 1
  }
}
