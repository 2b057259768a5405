import { boundsFor } from './bounds.ts'
import { type Ensemble, NODE, type Rows, type Scorer, type Tree } from './ensemble.ts'
import { createKernel, NODE_BYTES, NODE_FIELDS, ROW_LANES, TREE_FIELDS } from './kernel.ts'
import { Slots } from './slots.ts'
import { Memory } from './web-assembly.ts'

/** Levels that lanes go without looking whether all of them rest. Above, what is saved is more than what looking costs. */
const BLIND_LEVELS = 8
/** What the rows of a block and their sums may take, so that they stay in the cache beside a tree. */
const BLOCK_BYTES = 16_384
const MOST_BLOCK_ROWS = 64
/** Slots of sets hold 0 for left and 1 for right. */
const SET_BOUND = 1
const PAGE_BYTES = 65_536
const MOST_BYTES = 1 << 30
const MOST_SLOTS = 1 << 20
/** Beyond this, asking each set for each row costs more than following only the nodes that a row meets. */
const MOST_SETS = 2048
const MOST_SET_WORDS = 1 << 20

/** Whether {@link createPackedScorer} may try: one value a leaf, of a size that one memory holds. */
export function canPack({ trees, outputCount, hasVectorLeaves }: Ensemble): boolean {
  if (hasVectorLeaves === true || outputCount > MOST_SLOTS / ROW_LANES) return false
  let bytes = 0
  let setWords = 0
  for (const { feature, categories, linear } of trees) {
    if (linear !== undefined) return false
    bytes += (feature.length * 2 + 2) * NODE_BYTES
    setWords += categories?.words.length ?? 0
  }
  return bytes <= MOST_BYTES && setWords <= MOST_SET_WORDS
}

/**
 * Scores with code made for this one ensemble, over its own packed copy of the trees in the memory of that code:
 * in order, a table of trees, nodes, prepared rows of a block, and their sums.
 * @param levels by tree, the number of nodes on its longest path
 * @returns `margins` of an ensemble that `canPack` has passed, and the bytes of its copy; undefined if its rows would be too wide
 */
export function createPackedScorer(
  ensemble: Ensemble,
  levels: Int32Array,
): Pick<Scorer, 'margins' | 'memoryBytes'> | undefined {
  const { trees, outputCount, baseMargin, precision } = ensemble
  const slots = new Slots()
  for (const tree of trees) {
    for (let node = 0; node < tree.feature.length; node++) slots.slotFor(tree, node)
    if (slots.count > MOST_SLOTS || slots.setCount > MOST_SETS) return undefined
  }
  const numberBytes = precision === 'float32' ? 4 : 8
  const rowBytes = slots.count * numberBytes
  const sumBytes = outputCount * numberBytes
  const blockRows = Math.max(
    ROW_LANES,
    Math.min(MOST_BLOCK_ROWS, Math.floor(BLOCK_BYTES / (rowBytes + sumBytes)) & -ROW_LANES),
  )

  const nodesAt = trees.length * NODE_BYTES
  const nodeCount = trees.reduce((count, { feature }) => count + feature.length * 2 + 2, 0)
  const rowsAt = nodesAt + nodeCount * NODE_BYTES
  const sumsAt = rowsAt + Math.ceil((blockRows * rowBytes) / 8) * 8
  const pages = Math.ceil((sumsAt + blockRows * sumBytes) / PAGE_BYTES)
  const memory = new Memory({ initial: pages, maximum: pages })
  pack(ensemble, levels, slots, nodesAt, memory.buffer)
  const kernel = createKernel({ precision, rowBytes, sumBytes }, memory)
  const fill = slots.createFill(ensemble)
  const numbers: Rows =
    precision === 'float32' ? new Float32Array(memory.buffer) : new Float64Array(memory.buffer)
  const rowsIndex = rowsAt / numberBytes
  const sumsIndex = sumsAt / numberBytes

  return {
    memoryBytes: memory.buffer.byteLength,
    margins(rows, rowCount, out, range) {
      const table = (range?.begin ?? 0) * NODE_BYTES
      const tableEnd = (range?.end ?? trees.length) * NODE_BYTES
      for (let first = 0; first < rowCount; first += blockRows) {
        const count = Math.min(blockRows, rowCount - first)
        fill(rows, first, count, numbers, rowsIndex)
        for (let index = 0; index < count * outputCount; index++)
          numbers[sumsIndex + index] = baseMargin[index % outputCount]!
        if (table < tableEnd) {
          let row = 0
          for (; row + ROW_LANES <= count; row += ROW_LANES)
            kernel.rows(rowsAt + row * rowBytes, sumsAt + row * sumBytes, table, tableEnd)
          for (; row < count; row++)
            kernel.row(rowsAt + row * rowBytes, sumsAt + row * sumBytes, table, tableEnd)
        }
        for (let index = 0; index < count * outputCount; index++)
          out[first * outputCount + index] = numbers[sumsIndex + index]!
      }
    },
  }
}

/** Writes the table and the nodes. The two children of a node lie side by side, level by level. */
function pack(
  ensemble: Ensemble,
  levels: Int32Array,
  slots: Slots,
  nodesAt: number,
  buffer: ArrayBuffer,
): void {
  const { trees, treeOutput, treeWeight, precision, comparison } = ensemble
  const numberBytes = precision === 'float32' ? 4 : 8
  const view = new DataView(buffer)
  const boundOf = boundsFor(comparison, precision)
  const round = precision === 'float32' ? Math.fround : (value: number): number => value
  const write = (at: number, feature: number, child: number, value: number): void => {
    view.setInt32(at + NODE_FIELDS.feature, feature, true)
    view.setInt32(at + NODE_FIELDS.child, child, true)
    if (precision === 'float32') view.setFloat32(at + NODE_FIELDS.value, value, true)
    else view.setFloat64(at + NODE_FIELDS.value, value, true)
  }

  let treeAt = nodesAt
  for (const [index, tree] of trees.entries()) {
    const entry = index * NODE_BYTES
    const depth = levels[index]!
    view.setInt32(entry + TREE_FIELDS.root, treeAt, true)
    view.setInt32(entry + TREE_FIELDS.levels, Math.min(depth, BLIND_LEVELS), true)
    view.setInt32(entry + TREE_FIELDS.moreLevels, Math.max(0, depth - BLIND_LEVELS), true)
    view.setInt32(entry + TREE_FIELDS.output, treeOutput[index]! * numberBytes, true)
    const weight = treeWeight === undefined ? 1 : treeWeight[index]!
    let nextFree = treeAt + 2 * NODE_BYTES
    packTree(tree, treeAt, (at, child) => {
      if (child < 0) {
        write(at, 0, at, round(tree.leafValue[~child]! * weight))
        return undefined
      }
      const flags = tree.flags[child]!
      const isTurned = Slots.isTurned(flags)
      const slot = slots.slotFor(tree, child)
      const children = nextFree
      nextFree += 2 * NODE_BYTES
      write(
        at,
        slot * numberBytes,
        children,
        (flags & NODE.categorical) !== 0 ? SET_BOUND : boundOf(tree.threshold[child]!, isTurned),
      )
      return isTurned ? [children + NODE_BYTES, children] : [children, children + NODE_BYTES]
    })
    treeAt = nextFree
  }
}

/** Goes through a tree level by level. @param place writes a child and says where its own children go, left and right */
function packTree(
  { feature, left, right }: Tree,
  rootAt: number,
  place: (at: number, child: number) => readonly [left: number, right: number] | undefined,
): void {
  const queue: [at: number, child: number][] = [[rootAt, feature.length === 0 ? ~0 : 0]]
  for (let next = 0; next < queue.length; next++) {
    const [at, child] = queue[next]!
    const places = place(at, child)
    if (places !== undefined) queue.push([places[0], left[child]!], [places[1], right[child]!])
  }
}
