import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ServingError } from '@millrace/sdk'
import {
  decodeContract,
  type HydrosphereContract,
  type HydrosphereField,
  type HydrosphereGeneration,
} from '@millrace/sdk/protocol'
import type { DescribedModel } from '@millrace/server'
import { CommandFailure } from '../command-failure.ts'
import { EXIT } from '../exit-codes.ts'

export interface ModelFolderOptions {
  /** With `contract.protobin` and `files/`, as a container has at `/model`. */
  readonly folder: string
  /** Default: what the contract's bytes show. */
  readonly generation?: HydrosphereGeneration | undefined
  /** Default: what the contract says, else `model`. */
  readonly name?: string | undefined
}

/**
 * The model of a folder in Hydrosphere's layout, as the server's settings have it.
 * @throws CommandFailure for a folder without `files/`, or without a contract that can be read
 */
export async function describeModelFolder({
  folder,
  generation: asked,
  name,
}: ModelFolderOptions): Promise<DescribedModel> {
  const files = join(folder, 'files')
  if ((await stat(files).catch(() => undefined))?.isDirectory() !== true) {
    throw new CommandFailure(
      `${folder} has no folder files; a model's folder has contract.protobin and files/`,
      EXIT.configuration,
    )
  }
  const path = join(folder, 'contract.protobin')
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new CommandFailure(
      `${path} cannot be read; the contract is written there when a version is built`,
      EXIT.configuration,
      cause,
    )
  })
  const { contract, generation } = read(bytes, asked, path)
  const [signature] = contract.signatures
  if (signature === undefined) {
    throw new CommandFailure(`${path} describes no function of the model`, EXIT.configuration)
  }
  return {
    folder: files,
    values: {
      name: name ?? (contract.modelName || 'model'),
      ...tensors('inputs', signature.inputs),
      ...tensors('outputs', signature.outputs),
      ...((await hasFunctions(files)) ? { parameters: { extra: functionChoice(contract, generation) } } : {}),
    },
  }
}

/** True for code in a module func_main; every other model is a file, which has no functions to choose from. */
async function hasFunctions(files: string): Promise<boolean> {
  const names = await Promise.all([files, join(files, 'src')].map(folder => readdir(folder).catch(() => [])))
  return names.flat().some(name => /^func_main\.\w+$/.test(name))
}

function functionChoice({ signatures }: HydrosphereContract, generation: HydrosphereGeneration): object {
  const names = signatures.map(({ name }) => name)
  return { generation, signature_name: names[0], ...(names.length > 1 ? { signatures: names } : {}) }
}

function read(
  bytes: Uint8Array,
  asked: HydrosphereGeneration | undefined,
  path: string,
): { readonly contract: HydrosphereContract; readonly generation: HydrosphereGeneration } {
  try {
    const generation = asked ?? generationOf(bytes)
    return { contract: decodeContract(bytes, generation), generation }
  } catch (cause) {
    if (!ServingError.is(cause)) throw cause
    throw new CommandFailure(`${path}: ${cause.message}`, EXIT.configuration, cause)
  }
}

/** A signature of the third generation has outputs, in a field that a contract of the others does not have. */
function generationOf(bytes: Uint8Array): HydrosphereGeneration {
  let unsupported: ServingError | undefined
  try {
    const [signature] = decodeContract(bytes, 'G3').signatures
    if (signature !== undefined && signature.outputs.length > 0) return 'G3'
  } catch (error) {
    // Then it is one of the others, or nothing at all, which reading it as one will tell; or it has what tensors cannot hold.
    if (ServingError.is(error) && error.code === 'UNIMPLEMENTED') unsupported = error
  }
  try {
    return decodeContract(bytes, 'G2').signatures.length > 1 ? 'G1' : 'G2'
  } catch (error) {
    if (unsupported !== undefined && ServingError.is(error) && error.code === 'INVALID_ARGUMENT') {
      throw unsupported
    }
    throw error
  }
}

/** Nothing where one shape is left open: a model's settings cannot say that, and the platform checks it all the same. */
function tensors(key: 'inputs' | 'outputs', fields: readonly HydrosphereField[]): object {
  if (fields.some(({ shape }) => shape === undefined)) return {}
  return {
    [key]: fields.map(({ name, datatype, shape, profile }) => ({
      name,
      datatype,
      shape,
      ...(profile === undefined ? {} : { profile }),
      ...(datatype === 'BYTES' ? { parameters: { content_type: 'str' } } : {}),
    })),
  }
}
