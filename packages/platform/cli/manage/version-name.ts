import { CommandFailure } from '../command-failure.ts'
import { EXIT } from '../exit-codes.ts'

export interface VersionName {
  readonly modelName: string
  readonly version: number
}

/** @throws CommandFailure for what is not `name:version` */
export function toVersionName(text: string): VersionName {
  const [, modelName, digits] = /^([^:]+):([1-9]\d{0,14})$/.exec(text) ?? []
  if (modelName !== undefined) return { modelName, version: Number(digits) }
  throw new CommandFailure(
    `'${text}' is no version of a model; write it as NAME:VERSION, such as scaler:1`,
    EXIT.usage,
  )
}
