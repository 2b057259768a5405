import type { Ensemble } from './ensemble.ts'
import { constant, encodeModule, OP, unsigned, type WasmFunction } from './wasm-module.ts'
import { Instance, Module, type WasmMemory } from './web-assembly.ts'

/** How many descents run side by side, each while the others wait for memory: rows through one tree. */
export const ROW_LANES = 16
/** The same for a row that is alone: trees. Fewer, because nothing of what they read is shared. */
const TREE_LANES = 8
/** log2 of the bytes of a node, and of an entry of the table of trees. */
const NODE_SHIFT = 4
export const NODE_BYTES = 1 << NODE_SHIFT

/** Fields of a node: where its feature lies in a prepared row, where its left child lies, threshold or leaf value. */
export const NODE_FIELDS = { feature: 0, child: 4, value: 8 } as const
/** Fields of an entry: where the root lies, levels to go without a look, levels that may follow, where its sum lies. */
export const TREE_FIELDS = { root: 0, levels: 4, moreLevels: 8, output: 12 } as const

/** What one model's kernel does; all arguments are addresses in its memory. */
export interface Kernel {
  /** Adds the trees of `table` up to `tableEnd` to the sums of ROW_LANES rows. */
  rows(row: number, sums: number, table: number, tableEnd: number): void
  /** The same for one row, some trees at a time. */
  row(row: number, sums: number, table: number, tableEnd: number): void
}

const ROW = 0
const SUMS = 1
const TABLE = 2
const TABLE_END = 3
const PARAMETER_COUNT = 4
const FIRST_LANE = PARAMETER_COUNT
const LEVELS = FIRST_LANE + ROW_LANES
const MOVED = LEVELS + 1
const NEXT = MOVED + 1
const LOCAL_COUNT = ROW_LANES + 3

const NUMBER = {
  float32: { load: 0x2a, store: 0x38, add: 0x92, atLeast: 0x60, align: 2 },
  float64: { load: 0x2b, store: 0x39, add: 0xa0, atLeast: 0x66, align: 3 },
} as const

/** Distances that are the same for every row of a model, and so become part of its code. */
export interface KernelShape {
  readonly precision: Ensemble['precision']
  readonly rowBytes: number
  readonly sumBytes: number
}

/**
 * Writes and compiles the code that scores. A node is left without a branch: both children lie side by side, and the
 * comparison (0 or 1) says how far behind the first. A leaf compares a feature that is always NaN, which sends it to
 * itself, so that all lanes can take as many steps as the longest path has.
 */
export function createKernel(shape: KernelShape, memory: WasmMemory): Kernel {
  const module = new Module(encodeModule([rowsFunction(shape), rowFunction(shape)]))
  return new Instance(module, { env: { memory } }).exports as Kernel
}

function rowsFunction(shape: KernelShape): WasmFunction {
  const lanes = Array.from({ length: ROW_LANES }, (_, lane) => lane)
  const body = joined(
    [OP.loop, OP.noResult],
    [...loadField(TABLE, TREE_FIELDS.root), OP.localSet, FIRST_LANE],
    lanes.slice(1).flatMap(lane => [OP.localGet, FIRST_LANE, OP.localSet, FIRST_LANE + lane]),
    [...loadField(TABLE, TREE_FIELDS.levels), OP.localTee, LEVELS],
    [OP.if, OP.noResult, OP.loop, OP.noResult],
    lanes.flatMap(lane => [...step(shape, lane, lane * shape.rowBytes), OP.localSet, FIRST_LANE + lane]),
    countDown(),
    [OP.branchIf, 0, OP.end, OP.end],
    [...loadField(TABLE, TREE_FIELDS.moreLevels), OP.if, OP.noResult],
    untilAllRest(shape, lane => lane * shape.rowBytes, ROW_LANES),
    [OP.end],
    [OP.localGet, SUMS, ...loadField(TABLE, TREE_FIELDS.output), OP.i32Add, OP.localSet, NEXT],
    lanes.flatMap(lane => addValue(shape, lane, NEXT, lane * shape.sumBytes)),
    nextTrees(1),
    [OP.localGet, TABLE, OP.localGet, TABLE_END, OP.i32LessUnsigned, OP.branchIf, 0, OP.end],
  )
  return { name: 'rows', parameterCount: PARAMETER_COUNT, localCount: LOCAL_COUNT, body }
}

function rowFunction(shape: KernelShape): WasmFunction {
  const lanes = Array.from({ length: TREE_LANES }, (_, lane) => lane)
  const hasLanesLeft = joined(
    [OP.localGet, TABLE, ...constantOf(TREE_LANES * NODE_BYTES), OP.i32Add],
    [OP.localGet, TABLE_END, OP.i32LessEqualUnsigned],
  )
  const body = joined(
    [...hasLanesLeft, OP.if, OP.noResult, OP.loop, OP.noResult],
    lanes.flatMap(lane =>
      joined(loadField(TABLE, TREE_FIELDS.root + lane * NODE_BYTES), [OP.localSet, FIRST_LANE + lane]),
    ),
    untilAllRest(shape, () => 0, TREE_LANES),
    lanes.flatMap(lane =>
      joined(
        [OP.localGet, SUMS, ...loadField(TABLE, TREE_FIELDS.output + lane * NODE_BYTES), OP.i32Add],
        [OP.localSet, NEXT, ...addValue(shape, lane, NEXT, 0)],
      ),
    ),
    nextTrees(TREE_LANES),
    [...hasLanesLeft, OP.branchIf, 0, OP.end, OP.end],
    // The trees that are left fill no row of lanes: one after the other.
    [OP.localGet, TABLE, OP.localGet, TABLE_END, OP.i32LessUnsigned],
    [OP.if, OP.noResult, OP.loop, OP.noResult],
    [...loadField(TABLE, TREE_FIELDS.root), OP.localSet, FIRST_LANE],
    untilAllRest(shape, () => 0, 1),
    [OP.localGet, SUMS, ...loadField(TABLE, TREE_FIELDS.output), OP.i32Add, OP.localSet, NEXT],
    addValue(shape, 0, NEXT, 0),
    nextTrees(1),
    [OP.localGet, TABLE, OP.localGet, TABLE_END, OP.i32LessUnsigned, OP.branchIf, 0, OP.end, OP.end],
  )
  return { name: 'row', parameterCount: PARAMETER_COUNT, localCount: LOCAL_COUNT, body }
}

/** Leaves on the stack the node that a lane goes to from where it is. */
function step({ precision }: KernelShape, lane: number, rowOffset: number): number[] {
  const { load, atLeast, align } = NUMBER[precision]
  const node = FIRST_LANE + lane
  return joined(
    loadField(node, NODE_FIELDS.child),
    [OP.localGet, ROW, ...loadField(node, NODE_FIELDS.feature), OP.i32Add],
    [load, align, ...unsigned(rowOffset)],
    [OP.localGet, node, load, align, NODE_FIELDS.value],
    [atLeast, ...constant(NODE_SHIFT), OP.i32ShiftLeft, OP.i32Add],
  )
}

/** Steps until no lane has moved. */
function untilAllRest(shape: KernelShape, rowOffset: (lane: number) => number, laneCount: number): number[] {
  const code = [OP.loop, OP.noResult, ...constant(0), OP.localSet, MOVED]
  for (let lane = 0; lane < laneCount; lane++) {
    const node = FIRST_LANE + lane
    code.push(
      ...joined(
        [...step(shape, lane, rowOffset(lane)), OP.localTee, NEXT, OP.localGet, node, OP.i32Xor],
        [OP.localGet, MOVED, OP.i32Or, OP.localSet, MOVED, OP.localGet, NEXT, OP.localSet, node],
      ),
    )
  }
  return [...code, OP.localGet, MOVED, OP.branchIf, 0, OP.end]
}

/** Adds the value of the leaf that a lane rests in to the sum at the address in local `at`. */
function addValue({ precision }: KernelShape, lane: number, at: number, offset: number): number[] {
  const { load, store, add, align } = NUMBER[precision]
  return joined(
    [OP.localGet, at, OP.localGet, at, load, align, ...unsigned(offset)],
    [OP.localGet, FIRST_LANE + lane, load, align, NODE_FIELDS.value],
    [add, store, align, ...unsigned(offset)],
  )
}

function loadField(address: number, field: number): number[] {
  return [OP.localGet, address, OP.i32Load, 2, ...unsigned(field)]
}

function countDown(): number[] {
  return [OP.localGet, LEVELS, ...constant(1), OP.i32Subtract, OP.localTee, LEVELS]
}

function nextTrees(count: number): number[] {
  return [OP.localGet, TABLE, ...constantOf(count * NODE_BYTES), OP.i32Add, OP.localSet, TABLE]
}

/** `i32.const` of 0 to 8191, whose LEB128 with sign may need a second byte. */
function constantOf(value: number): number[] {
  return value < 64 ? constant(value) : [OP.i32Const, (value & 0x7f) | 0x80, value >> 7]
}

function joined(...parts: readonly (readonly number[])[]): number[] {
  return parts.flat()
}
