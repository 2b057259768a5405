import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { packageVersion } from '../../package-version.ts'

const run = promisify(execFile)
const GIT_TIMEOUT_MS = 5000
const GIT_NAMES = ['git.commit', 'git.author', 'git.email', 'git.date', 'git.message'] as const
const LENGTH_MAX = 500

/**
 * What is noted of each version and application besides what its file says: this program's version, and in a git work
 * tree its branch, its last commit and whether there is more than that. Nothing of git where there is no git.
 */
export async function automaticMetadata(folder: string): Promise<Readonly<Record<string, string>>> {
  return { 'millrace.cli.version': packageVersion(), ...(await gitMetadata(folder)) }
}

async function gitMetadata(folder: string): Promise<Readonly<Record<string, string>>> {
  const git = async (...args: readonly string[]) => {
    // What a work tree's own settings would have git start is not for us to start.
    const safe = ['-C', folder, '-c', 'core.fsmonitor=false', ...args]
    const { stdout } = await run('git', safe, { timeout: GIT_TIMEOUT_MS })
    return stdout
  }
  try {
    const [log, branch, status] = await Promise.all([
      git('log', '-1', '--no-show-signature', '--format=%H%x00%an%x00%ae%x00%aI%x00%s'),
      git('rev-parse', '--abbrev-ref', 'HEAD'),
      git('status', '--porcelain', '--untracked-files=no'),
    ])
    const values = log.trimEnd().split('\0')
    return {
      'git.branch': branch.trim(),
      ...Object.fromEntries(
        GIT_NAMES.map((name, index) => [name, (values[index] ?? '').slice(0, LENGTH_MAX)]),
      ),
      'git.is-dirty': String(status !== ''),
    }
  } catch {
    // No git, no work tree, or no commit yet: there is nothing to note.
    return {}
  }
}
