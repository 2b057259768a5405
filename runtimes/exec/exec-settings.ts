import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type ModelSettings, modelFile, ServingError } from '@millrace/sdk'
import {
  type Extra,
  notAllowed,
  readCommand,
  readEnvironment,
  readInteger,
  readSeconds,
  readText,
} from './setting-reader.ts'

/** What a program may speak, as settings name it. `auto` finds it out. */
const PROTOCOLS = ['v2', 'hydrosphere-g1', 'hydrosphere-g2', 'hydrosphere-g3'] as const

export type Protocol = (typeof PROTOCOLS)[number]

/** How a program is started, kept running and stopped. */
export interface LaunchSettings {
  readonly command: readonly string[]
  /** The author's variables, on top of the server's own. */
  readonly environment: Readonly<Record<string, string>>
  /** Absolute. */
  readonly workingDirectory: string
  /** Undefined: one that is free. */
  readonly port: number | undefined
  readonly restartDelayMs: number
  readonly shutdownTimeoutMs: number
}

/** What `parameters.extra` says, with every default filled in. */
export interface ExecSettings {
  /** A program to start, or the address of one that runs. */
  readonly program: LaunchSettings | string
  readonly protocol: Protocol | 'auto'
  /** Absolute path of the folder with the model's files. */
  readonly modelDir: string
  readonly startupTimeoutMs: number
  readonly maxMessageBytes: number
  /** Which function of the contract; undefined if there is only one. */
  readonly signature: string | undefined
  /** What the program calls the model, over V2. */
  readonly modelName: string
}

const LAUNCH_FIELDS = [
  'command',
  'environment',
  'working_directory',
  'port',
  'restart_delay_seconds',
  'shutdown_timeout_seconds',
]
const FIELDS = [
  ...LAUNCH_FIELDS,
  'address',
  'protocol',
  'model_dir',
  'startup_timeout_seconds',
  'max_message_bytes',
  'signature',
  'model_name',
]
const DAY_SECONDS = 86_400
const DEFAULT_MESSAGE_BYTES = 256 * 1024 * 1024

/**
 * Reads a model's settings.
 * @throws ServingError INVALID_ARGUMENT naming the field, its value and what is allowed; FAILED_PRECONDITION for a folder
 * that is not there
 */
export async function readExecSettings(settings: ModelSettings): Promise<ExecSettings> {
  const { extra, name, folder } = settings
  const unknown = Object.keys(extra).find(field => !FIELDS.includes(field))
  if (unknown !== undefined) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `parameters.extra.${unknown} is not an option; options are ${FIELDS.join(', ')}`,
    )
  }
  const address = readAddress(extra)
  const common = {
    protocol: readProtocol(extra),
    startupTimeoutMs: readSeconds(extra, 'startup_timeout_seconds', 60, DAY_SECONDS),
    maxMessageBytes: readInteger(extra, 'max_message_bytes', 1, 2 ** 31 - 1) ?? DEFAULT_MESSAGE_BYTES,
    signature: readText(extra, 'signature', 'the name of a signature'),
    modelName: readText(extra, 'model_name', 'a name') ?? name,
  }
  const program = address ?? readLaunch(extra, folder)
  const modelDir = await readModelDir(settings)
  if (typeof program !== 'string') await checkFolder('working_directory', program.workingDirectory)
  return { ...common, program, modelDir }
}

function readAddress(extra: Extra): string | undefined {
  const address = readText(extra, 'address', 'HOST:PORT')
  if (address === undefined) return undefined
  const [, port] = /^(?:[^\s:/]+|\[[\da-f:.]+\]):(\d{1,5})$/i.exec(address) ?? []
  if (port === undefined || Number(port) < 1 || Number(port) > 65_535) {
    throw notAllowed('address', address, 'HOST:PORT with a port from 1 to 65535')
  }
  const other = LAUNCH_FIELDS.find(field => extra[field] !== undefined)
  if (other === undefined) return address
  throw new ServingError(
    'INVALID_ARGUMENT',
    `parameters.extra has both address and ${other}; a program that runs already (address) is not started, so ${other} has no meaning`,
  )
}

function readLaunch(extra: Extra, folder: string): LaunchSettings {
  if (extra.command === undefined) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'parameters.extra has neither command, a program to start, nor address, where one runs',
    )
  }
  const directory = readText(extra, 'working_directory', 'a path')
  return {
    command: readCommand(extra.command),
    environment: readEnvironment(extra.environment),
    workingDirectory: resolve(folder, directory ?? '.'),
    port: readInteger(extra, 'port', 1, 65_535),
    restartDelayMs: readSeconds(extra, 'restart_delay_seconds', 1, DAY_SECONDS),
    shutdownTimeoutMs: readSeconds(extra, 'shutdown_timeout_seconds', 10, DAY_SECONDS),
  }
}

function readProtocol({ protocol = 'auto' }: Extra): Protocol | 'auto' {
  const allowed = [...PROTOCOLS, 'auto'] as const
  const found = allowed.find(word => word === protocol)
  if (found !== undefined) return found
  throw notAllowed('protocol', protocol, `one of ${allowed.map(word => `"${word}"`).join(', ')}`)
}

/** `model_dir`, else the folder that `uri` names or whose file it names, else that of the settings. */
async function readModelDir(settings: ModelSettings): Promise<string> {
  const { extra, folder, uri } = settings
  const named = readText(extra, 'model_dir', 'a path')
  if (named !== undefined) {
    const path = resolve(folder, named)
    await checkFolder('model_dir', path)
    return path
  }
  if (uri === '' || /^(?!file:)[a-z][a-z\d+.-]+:/i.test(uri)) return folder
  const path = await modelFile(settings, [])
  return (await stat(path)).isDirectory() ? path : dirname(path)
}

async function checkFolder(field: string, path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory() === true) return
  throw new ServingError(
    'FAILED_PRECONDITION',
    `parameters.extra.${field} is '${path}', which ${found === undefined ? 'is not there' : 'is not a folder'}`,
  )
}
