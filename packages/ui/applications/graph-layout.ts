import { Graph, layout } from '@dagrejs/dagre'

export interface BoxSize {
  readonly id: string
  readonly width: number
  readonly height: number
}

export interface Arrow {
  readonly from: string
  readonly to: string
}

export interface Point {
  readonly x: number
  readonly y: number
}

/** Places boxes along the arrows: from left to right, or from top to bottom. Gives their upper left corners by id. */
export function layOutGraph(
  boxes: readonly BoxSize[],
  arrows: readonly Arrow[],
  direction: 'LR' | 'TB',
): ReadonlyMap<string, Point> {
  const graph = new Graph()
  graph.setGraph({ rankdir: direction, ranksep: 48, nodesep: 24 })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const { id, width, height } of boxes) graph.setNode(id, { width, height })
  for (const { from, to } of arrows) graph.setEdge(from, to)
  layout(graph)
  return new Map(
    boxes.map(({ id, width, height }) => {
      const { x, y } = graph.node(id) as Point
      return [id, { x: x - width / 2, y: y - height / 2 }]
    }),
  )
}
