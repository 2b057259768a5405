import { ServingError } from '../errors/index.ts'
import { understood } from './understood-answer.ts'

/** Members that an answer must have, and what they are; `[]` is a list. */
export type RequiredMembers<T extends object> = Readonly<
  Partial<Record<keyof T & string, 'string' | 'number' | 'object' | '[]'>>
>

/**
 * Reads the JSON of a manager, without the members that are `null`: some managers write them and some do not.
 * @throws ServingError INTERNAL for what is no JSON, or lacks a member
 */
export function readAnswer<T extends object>(body: Uint8Array, required: RequiredMembers<T>): T {
  return understood(() => checked<T>(parse(body), required))
}

/** The same for a list of them. */
export function readAnswers<T extends object>(body: Uint8Array, required: RequiredMembers<T>): readonly T[] {
  return understood(() => {
    const list = parse(body)
    if (!Array.isArray(list)) throw unclear('it is no list')
    return list.map((item: unknown) => checked<T>(item, required))
  })
}

function parse(body: Uint8Array): unknown {
  return withoutNulls(JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()))
}

function checked<T extends object>(json: unknown, required: RequiredMembers<T>): T {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw unclear('it is no object')
  for (const [name, type] of Object.entries<unknown>(required)) {
    const value = (json as Readonly<Record<string, unknown>>)[name]
    const isRight = type === '[]' ? Array.isArray(value) : typeof value === type
    if (!isRight) {
      const expected = type === '[]' ? 'list' : type
      throw unclear(`its member ${name} is ${value === undefined ? 'missing' : `no ${String(expected)}`}`)
    }
  }
  return json as T
}

function withoutNulls(json: unknown): unknown {
  if (typeof json !== 'object' || json === null) return json
  if (Array.isArray(json)) return json.map(withoutNulls)
  const members = Object.entries(json).filter(([, value]) => value !== null)
  return Object.fromEntries(members.map(([name, value]) => [name, withoutNulls(value)]))
}

function unclear(message: string): ServingError {
  return new ServingError('FAILED_PRECONDITION', message)
}
