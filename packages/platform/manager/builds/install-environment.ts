import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { StringMap } from '../../store/index.ts'
import { pythonVariables } from '../models/deployable-model.ts'
import type { VersionFolder } from '../models/model-folders.ts'

/** Variables of the manager that an install command may see: how to get out, and in which language to speak. */
const PASSED_ON =
  /^(?:PATH|LANG|LC_\w+|TZ|https?_proxy|no_proxy|all_proxy|SSL_CERT_FILE|SSL_CERT_DIR|NODE_EXTRA_CA_CERTS)$/i

/** Where an install command puts what nobody needs afterwards. */
export interface ScratchFolders {
  readonly home: string
  readonly temporary: string
}

export async function makeScratchFolders(folder: VersionFolder): Promise<ScratchFolders> {
  const scratch = { home: join(folder.root, 'home'), temporary: join(folder.root, 'tmp') }
  await mkdir(scratch.home, { recursive: true })
  await mkdir(scratch.temporary, { recursive: true })
  return scratch
}

/**
 * What an install command sees of variables: nothing of the manager's that may be a secret, a home of its own, and the
 * version's Python first on the `PATH` if there is one.
 */
export function installEnvironment(
  folder: VersionFolder,
  { home, temporary }: ScratchFolders,
  hasPython: boolean,
  variables: StringMap,
): StringMap {
  const passedOn = Object.entries(process.env).filter(
    (entry): entry is [string, string] => PASSED_ON.test(entry[0]) && entry[1] !== undefined,
  )
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    ...Object.fromEntries(passedOn),
    ...(hasPython ? pythonVariables(folder.python) : {}),
    HOME: home,
    TMPDIR: temporary,
    MODEL_DIR: folder.model,
    // Nobody reads progress bars or hints about newer versions in a log.
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_NO_INPUT: '1',
    // What is not for this version alone would be for the whole machine.
    PIP_REQUIRE_VIRTUALENV: '1',
    PIP_PROGRESS_BAR: 'off',
    PYTHONUNBUFFERED: '1',
    npm_config_update_notifier: 'false',
    npm_config_fund: 'false',
    npm_config_audit: 'false',
    NO_COLOR: '1',
    CI: 'true',
    ...variables,
  }
}
