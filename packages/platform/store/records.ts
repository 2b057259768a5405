import { ServingError } from '@millrace/sdk'

/** An image by its parts. */
export interface DockerImage {
  readonly name: string
  readonly tag: string
  readonly sha256: string | undefined
}

export type StringMap = Readonly<Record<string, string>>

/** Reads JSON that this room has written; the caller knows as what. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
export function fromJson<T>(text: string): T {
  return JSON.parse(text) as T
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
export function fromOptionalJson<T>(text: string | null): T | undefined {
  return text === null ? undefined : fromJson<T>(text)
}

export function toOptionalJson(value: object | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value)
}

/** The row that has to be there. */
export function found<T>(row: T | undefined, what: string): T {
  if (row === undefined) throw new ServingError('NOT_FOUND', `Can't find ${what}`)
  return row
}
