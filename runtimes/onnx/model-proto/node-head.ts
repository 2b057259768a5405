import type { ModelBytes, Span } from './model-bytes.ts'

/** A node of a graph without its attributes. */
export interface NodeHead {
  readonly opType: string
  /** '' is ONNX's own set of operators. */
  readonly domain: string
  /** An input that is left out is ''. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** The node's content, and the same with its key. */
  readonly content: Span
  readonly field: Span
}

/** The nodes of a graph, in order; those of graphs inside them are not among them. */
export function readNodeHeads(bytes: ModelBytes, graph: Span): readonly NodeHead[] {
  const nodes: NodeHead[] = []
  const fields = bytes.fields(graph, 'graph')
  while (fields.next()) {
    if (fields.number === 1 && fields.isSpan) nodes.push(readNodeHead(bytes, fields.keyStart, fields))
  }
  return nodes
}

function readNodeHead(bytes: ModelBytes, keyStart: number, { start, end }: Span): NodeHead {
  const place = 'graph.node'
  const inputs: string[] = []
  const outputs: string[] = []
  let opType = ''
  let domain = ''
  const content = { start, end }
  const fields = bytes.fields(content, place)
  while (fields.next()) {
    if (fields.number === 1) inputs.push(bytes.text(fields, place))
    else if (fields.number === 2) outputs.push(bytes.text(fields, place))
    else if (fields.number === 4) opType = bytes.text(fields, place)
    else if (fields.number === 7) domain = bytes.text(fields, place)
  }
  return { opType, domain, inputs, outputs, content, field: { start: keyStart, end } }
}

/** The class labels of a `ZipMap` node: the columns of its input in order. */
export function readLabels(bytes: ModelBytes, node: NodeHead): readonly (string | number)[] {
  const place = 'graph.node.attribute'
  const labels: (string | number)[] = []
  const fields = bytes.fields(node.content, 'graph.node')
  while (fields.next()) {
    if (fields.number !== 5) continue
    let name = ''
    const values: (string | number)[] = []
    const attribute = bytes.fields(fields, place)
    while (attribute.next()) {
      if (attribute.number === 1) name = bytes.text(attribute, place)
      else if (attribute.number === 9) values.push(bytes.text(attribute, place))
      else if (attribute.number === 8 && attribute.isSpan)
        values.push(...bytes.packedVarints(attribute, place))
      else if (attribute.number === 8) values.push(attribute.value)
    }
    if (name === 'classlabels_int64s' || name === 'classlabels_strings') labels.push(...values)
  }
  return labels
}
