import type { Random } from './random.ts'

/** Twice the largest body that the server takes: beyond it there is nothing new to find. */
const SIZE_BYTES_MAX = 131_072
const CHANGES_MAX = 6

type Mutation = (bytes: Buffer, random: Random) => Buffer

/**
 * Changes bytes in one to six places.
 * @param dictionary texts that mean something to whoever reads the bytes, put in here and there
 */
export function mutateBytes(bytes: Uint8Array, random: Random, dictionary: readonly Uint8Array[]): Buffer {
  const insertWord: Mutation = (bytes, random) =>
    splice(bytes, random.below(bytes.length + 1), 0, random.pick(dictionary))
  const replaceWithWord: Mutation = (bytes, random) => {
    const [start, length] = range(bytes, random)
    return splice(bytes, start, length, random.pick(dictionary))
  }
  const mutations =
    dictionary.length === 0 ? MUTATIONS : [...MUTATIONS, insertWord, insertWord, replaceWithWord]
  let mutated: Buffer = Buffer.from(bytes)
  for (let changes = 1 + random.size(CHANGES_MAX); changes > 0; changes--) {
    mutated = random.pick(mutations)(mutated, random)
  }
  return mutated.subarray(0, SIZE_BYTES_MAX)
}

const MUTATIONS: readonly Mutation[] = [
  function flipBit(bytes, random) {
    if (bytes.length > 0) {
      const index = random.below(bytes.length)
      bytes[index]! ^= 1 << random.below(8)
    }
    return bytes
  },
  function replaceByte(bytes, random) {
    if (bytes.length > 0) bytes[random.below(bytes.length)] = random.pick(REMARKABLE_BYTES)
    return bytes
  },
  function addToByte(bytes, random) {
    if (bytes.length > 0) bytes[random.below(bytes.length)]! += random.pick([1, -1, 16, -16])
    return bytes
  },
  function remove(bytes, random) {
    const [start, length] = range(bytes, random)
    return splice(bytes, start, length, NOTHING)
  },
  function duplicate(bytes, random) {
    const [start, length] = range(bytes, random)
    const copies = Array.from({ length: 1 + random.size(64) }, () => bytes.subarray(start, start + length))
    return splice(bytes, start, 0, Buffer.concat(copies))
  },
  function move(bytes, random) {
    const [start, length] = range(bytes, random)
    const moved = Buffer.from(bytes.subarray(start, start + length))
    const rest = splice(bytes, start, length, NOTHING)
    return splice(rest, random.below(rest.length + 1), 0, moved)
  },
  function insertNoise(bytes, random) {
    return splice(bytes, random.below(bytes.length + 1), 0, random.bytes(1 + random.size(32)))
  },
  function insertRun(bytes, random) {
    const run = Buffer.alloc(1 + random.size(4096), random.pick(REMARKABLE_BYTES))
    return splice(bytes, random.below(bytes.length + 1), 0, run)
  },
  function truncate(bytes, random) {
    return bytes.subarray(0, random.below(bytes.length + 1))
  },
]

const NOTHING = new Uint8Array(0)
/** Bytes at which formats change their mind: signs, brackets, ends of ranges, halves of UTF-8. */
const REMARKABLE_BYTES = [
  0, 1, 0x0a, 0x0d, 0x20, 0x22, 0x2c, 0x30, 0x5b, 0x5c, 0x5d, 0x7b, 0x7f, 0x80, 0xc0, 0xed, 0xff,
]

function range(bytes: Uint8Array, random: Random): [start: number, length: number] {
  const start = random.below(bytes.length + 1)
  return [start, random.size(bytes.length - start + 1)]
}

function splice(bytes: Uint8Array, start: number, removed: number, inserted: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, start), inserted, bytes.subarray(start + removed)])
}
