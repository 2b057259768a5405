import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ServingError } from '@millrace/sdk'
import type { ModelVersionRecord, Store } from '../../store/index.ts'
import type { ModelFolders, VersionFolder } from '../models/model-folders.ts'
import { scanPayload } from '../payload/scan-payload.ts'
import { unpackPayload } from '../payload/unpack-payload.ts'
import { imageRefusal } from '../runtimes/create-registrations.ts'
import type { ResolvedRuntime, ResolveRuntime } from '../runtimes/resolved-runtime.ts'
import { writeContract } from '../signature/contract-bytes.ts'
import type { BuildOptions } from './build-options.ts'
import { rewriteConfigurations, withRealPaths } from './container-paths.ts'
import { installEnvironment, makeScratchFolders } from './install-environment.ts'
import { makePythonEnvironment } from './python-environment.ts'
import { runCommand } from './run-command.ts'

export interface BuildTools {
  readonly store: Store
  readonly folders: ModelFolders
  readonly resolveRuntime: ResolveRuntime
  readonly options: BuildOptions
}

type Say = (...lines: readonly string[]) => Promise<void>

/**
 * Makes the folder of one version: payload, contract, and what its install command adds. Every step says in the build log
 * what it does.
 *
 * Rejects with why the build failed, and with the signal's reason. What it has made stays, for the caller to remove.
 */
export async function runBuild(
  version: ModelVersionRecord,
  { store, folders, resolveRuntime, options }: BuildTools,
  signal: AbortSignal,
): Promise<void> {
  const say: Say = (...lines) => store.buildLogs.append(version.id, lines)
  const folder = folders.of(version.id)
  await say(`Building ${version.modelName}:${version.version}`)
  const runtime = await chooseRuntime(version, resolveRuntime, options)
  await folders.remove(version.id)
  await mkdir(folder.model, { recursive: true })
  await unpack(version, folder, { store, options, say, signal })
  const contract = await writeContract(version.modelName, version.signature, runtime.generation)
  await writeFile(join(folder.model, 'contract.protobin'), contract)
  await say(`Wrote contract.protobin (${contract.byteLength} bytes, ${runtime.generation})`)
  if (version.installCommand !== undefined) {
    await install(version.installCommand, folder, { options, say, signal })
  }
}

/** Finds out first whether anybody could run the result. */
async function chooseRuntime(
  version: ModelVersionRecord,
  resolveRuntime: ResolveRuntime,
  { runtimeKinds }: BuildOptions,
): Promise<ResolvedRuntime> {
  const image = version.runtime
  if (image === undefined) throw new ServingError('INTERNAL', 'a version without a runtime cannot be built')
  const runtime = await resolveRuntime(image)
  if (runtimeKinds.includes(runtime.choice.kind)) return runtime
  throw new ServingError(
    'UNIMPLEMENTED',
    runtime.choice.kind === 'image'
      ? imageRefusal(`${image.name}:${image.tag}`)
      : `runtime ${image.name}:${image.tag} is of kind ${runtime.choice.kind}; what can be run: ${runtimeKinds.join(', ')}`,
  )
}

interface Work {
  readonly options: BuildOptions
  readonly say: Say
  readonly signal: AbortSignal
}

async function unpack(
  { payloadDigest }: ModelVersionRecord,
  folder: VersionFolder,
  { store, options, say, signal }: Work & { readonly store: Store },
): Promise<void> {
  if (payloadDigest === undefined) {
    await mkdir(folder.files)
    await say('There is no payload')
    return
  }
  const path = await store.payloads.pathOf(payloadDigest)
  const contents = await scanPayload(path, options.payload, signal)
  await say(
    `Payload ${payloadDigest}: ${contents.entryCount} entries, ${contents.unpackedBytes} bytes`,
    ...contents.files.map(file => `  ${file.path} (${file.sizeBytes} bytes)`),
    ...(contents.files.length < contents.entryCount ? ['  (folders and further files are not listed)'] : []),
  )
  await unpackPayload(path, folder.files, options.payload, signal)
}

async function install(
  command: string,
  folder: VersionFolder,
  { options, say, signal }: Work,
): Promise<void> {
  const python = await makePythonEnvironment(folder.python, signal)
  await say(
    python === undefined
      ? 'There is no python3 on this machine; the install command does without'
      : `Python packages are installed for this version alone: ${python}`,
  )
  for (const name of await rewriteConfigurations(folder)) {
    await say(`In ${name}, /model is ${folder.model} on this machine`)
  }
  await keepNpmHere(command, folder)
  await say(`Running: ${command}`)
  const scratch = await makeScratchFolders(folder)
  try {
    await runCommand({
      command: withRealPaths(command, folder),
      folder: folder.files,
      environment: installEnvironment(folder, scratch, python !== undefined, options.installVariables),
      timeoutMs: options.installTimeoutMs,
      outputBytesMax: options.installOutputBytesMax,
      signal,
      onLines: lines => say(...lines),
    })
  } finally {
    await rm(scratch.home, { recursive: true, force: true, maxRetries: 3 })
    await rm(scratch.temporary, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** Without a package here npm looks for one in the folders above, and installs into that. */
async function keepNpmHere(command: string, { files }: VersionFolder): Promise<void> {
  if (!/\bnpm\b/.test(command)) return
  const hasPackage = await stat(join(files, 'package.json')).then(
    () => true,
    () => false,
  )
  if (!hasPackage) await mkdir(join(files, 'node_modules'), { recursive: true })
}
