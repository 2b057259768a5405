import { ServingError } from '@millrace/sdk'
import { HYDROSPHERE_GENERATIONS, type HydrosphereGeneration } from '@millrace/sdk/protocol'
import type { RuntimeProtocol } from '../../deploy/index.ts'
import type { StringMap } from '../../store/index.ts'
import type { ResolvedRuntime } from './resolved-runtime.ts'
import { splitCommand } from './split-command.ts'

const PROTOCOLS: readonly string[] = [...HYDROSPHERE_GENERATIONS, 'V2']

/**
 * A runtime as its registration describes it: with `MILLRACE_COMMAND` a program of this machine, else an image.
 * `MILLRACE_WORKDIR` and `MILLRACE_GENERATION` go with both; every other parameter is a variable of its environment.
 *
 * @throws ServingError INVALID_ARGUMENT naming the parameter, its value and what is allowed
 */
export function readProgramRuntime(image: string, configParams: StringMap): ResolvedRuntime {
  const {
    MILLRACE_COMMAND: command,
    MILLRACE_WORKDIR: workingFolder,
    MILLRACE_GENERATION: generationText,
    ...environment
  } = configParams
  const protocol = readProtocol(generationText)
  const common = { generation: contractGeneration(protocol), environment }
  if (command === undefined) return { choice: { kind: 'image', image, protocol }, ...common }
  return {
    choice: { kind: 'program', command: splitCommand(command), workingFolder, protocol },
    ...common,
  }
}

function readProtocol(text: string | undefined): RuntimeProtocol | undefined {
  if (text === undefined) return undefined
  const protocol = text.toUpperCase()
  if (PROTOCOLS.includes(protocol)) return protocol as RuntimeProtocol
  throw new ServingError(
    'INVALID_ARGUMENT',
    `configParams.MILLRACE_GENERATION '${text}' is not one of ${PROTOCOLS.join(', ')}`,
  )
}

function contractGeneration(protocol: RuntimeProtocol | undefined): HydrosphereGeneration {
  return protocol === undefined || protocol === 'V2' ? 'G3' : protocol
}
