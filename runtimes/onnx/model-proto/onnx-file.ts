import { checkExternal } from './external-data.ts'
import { type ModelBytes, readingModel, type Span } from './model-bytes.ts'
import { describeTensor, readEntry, readTensorHead, type TensorHead } from './tensor-head.ts'
import { readType, type ValueType } from './value-types.ts'

/** A graph in a node in a graph …; protobuf's own limit of 100 messages is 33 of these. */
const DEEPEST_GRAPH = 32
/** Elements that a sparse tensor may stand for, which ONNX Runtime spreads out when it loads. */
const MOST_SPARSE_ELEMENTS = 2 ** 29

/** An input or output of a graph. */
export interface GraphSide {
  readonly name: string
  readonly type: ValueType
  /** The `ValueInfoProto` in the file, its key included. */
  readonly field: Span
}

/** What a model file says, but for its weights. */
export interface OnnxFile {
  readonly path: string
  readonly irVersion: number
  /** Who wrote it, such as `skl2onnx 1.20.0`; '' if it does not say. */
  readonly producer: string
  /** Versions of the sets of operators, by domain; ONNX's own is ''. */
  readonly opsets: ReadonlyMap<string, number>
  /** `metadata_props` of up to 16 KiB each: what the author or exporter added. */
  readonly properties: ReadonlyMap<string, string>
  /** Initializers that are also inputs are among them. */
  readonly inputs: readonly GraphSide[]
  readonly outputs: readonly GraphSide[]
  readonly initializers: ReadonlyMap<string, TensorHead>
  readonly hasExternalData: boolean
  /** The graph's content. */
  readonly graph: Span
  /** The graph with its key. */
  readonly graphField: Span
  readonly sizeBytes: number
}

/**
 * Reads a model file, in memory that depends on the number of its nodes and not on the size of its weights, and checks
 * what ONNX Runtime would take on trust: that tensors are as large as they say, and that those in other files are there,
 * in the model's folder.
 * @throws ServingError FAILED_PRECONDITION naming file, place and byte
 */
export function readOnnxFile(path: string): OnnxFile {
  return readingModel(path, bytes => {
    refuseOrtFormat(bytes)
    return readModel(bytes)
  })
}

/** ONNX Runtime's own format is another than ONNX's. */
function refuseOrtFormat(bytes: ModelBytes): void {
  if (bytes.end < 8) return
  const identifier = bytes.text({ start: 4, end: 8 }, 'file')
  if (identifier === 'ORTM')
    throw bytes.damaged(
      4,
      'file',
      "it is in ONNX Runtime's own format (.ort); serve the .onnx file it was made of",
    )
}

/** Some models carry whole vocabularies as a property. */
const LONGEST_PROPERTY_BYTES = 16 * 1024

interface Draft {
  readonly inputs: GraphSide[]
  readonly outputs: GraphSide[]
  readonly initializers: Map<string, TensorHead>
}

interface Walk {
  readonly bytes: ModelBytes
  hasExternalData: boolean
}

function readModel(bytes: ModelBytes): OnnxFile {
  const walk: Walk = { bytes, hasExternalData: false }
  const draft: Draft = { inputs: [], outputs: [], initializers: new Map() }
  const producer = { name: '', version: '' }
  const opsets = new Map<string, number>()
  const properties = new Map<string, string>()
  let irVersion = 0
  let graph: Span | undefined
  let graphField: Span | undefined
  const fields = bytes.fields(bytes, 'model')
  while (fields.next()) {
    switch (fields.number) {
      case 1:
        irVersion = fields.value
        break
      case 2:
        producer.name = bytes.text(fields, 'model.producer_name')
        break
      case 3:
        producer.version = bytes.text(fields, 'model.producer_version')
        break
      case 7:
        if (graph !== undefined) throw bytes.damaged(fields.keyStart, 'model', 'it has more than one graph')
        graph = { start: fields.start, end: fields.end }
        graphField = { start: fields.keyStart, end: fields.end }
        readGraph(walk, graph, 'graph', 0, draft)
        break
      case 8:
        readOpset(bytes, fields, opsets)
        break
      case 14:
        if (fields.end - fields.start <= LONGEST_PROPERTY_BYTES)
          readEntry(bytes, fields, 'model.metadata_props', properties)
        break
      case 25:
        readNodes(walk, fields, 7, 'model.functions', 0)
        break
    }
  }
  if (graph === undefined || graphField === undefined)
    throw bytes.damaged(bytes.end, 'model', 'it has no graph')
  return {
    ...draft,
    path: bytes.path,
    sizeBytes: bytes.end,
    irVersion,
    producer: `${producer.name} ${producer.version}`.trim(),
    opsets,
    properties,
    hasExternalData: walk.hasExternalData,
    graph,
    graphField,
  }
}

function readOpset(bytes: ModelBytes, span: Span, opsets: Map<string, number>): void {
  let domain = ''
  let version = 0
  const fields = bytes.fields(span, 'model.opset_import')
  while (fields.next()) {
    if (fields.isSpan) domain = bytes.text(fields, 'model.opset_import')
    else version = fields.value
  }
  opsets.set(domain === 'ai.onnx' ? '' : domain, version)
}

/** Reads a graph into `draft`, or only checks one that lies inside a node. */
function readGraph(walk: Walk, span: Span, place: string, depth: number, draft: Draft | null): void {
  const { bytes } = walk
  if (depth > DEEPEST_GRAPH)
    throw bytes.damaged(span.start, 'graph', `graphs are nested deeper than ${DEEPEST_GRAPH} levels`)
  const fields = bytes.fields(span, place)
  while (fields.next()) {
    if (!fields.isSpan) continue
    switch (fields.number) {
      case 1:
        readNode(walk, fields, `${place}.node`, depth)
        break
      case 5: {
        const head = readTensor(walk, fields.keyStart, fields, `${place}.initializer`)
        draft?.initializers.set(head.name, head)
        break
      }
      case 11:
        draft?.inputs.push(readSide(bytes, fields.keyStart, fields, `${place}.input`))
        break
      case 12:
        draft?.outputs.push(readSide(bytes, fields.keyStart, fields, `${place}.output`))
        break
      case 15:
        readSparse(walk, fields, `${place}.sparse_initializer`)
        break
    }
  }
}

function readSide(bytes: ModelBytes, keyStart: number, span: Span, place: string): GraphSide {
  let name = ''
  let type: ValueType = { kind: 'value' }
  const field = { start: keyStart, end: span.end }
  const fields = bytes.fields(span, place)
  while (fields.next()) {
    if (!fields.isSpan) continue
    if (fields.number === 1) name = bytes.text(fields, place)
    else if (fields.number === 2) type = readType(bytes, fields, `${place}.type`)
  }
  return { name, type, field }
}

/** Tensors and graphs lie in a node's attributes. */
function readNode(walk: Walk, span: Span, place: string, depth: number): void {
  readAttributes(walk, span, 5, `${place}.attribute`, depth)
}

function readNodes(walk: Walk, span: Span, nodeField: number, place: string, depth: number): void {
  const fields = walk.bytes.fields(span, place)
  while (fields.next()) {
    if (fields.number === nodeField && fields.isSpan) readNode(walk, fields, `${place}.node`, depth)
  }
}

function readAttributes(walk: Walk, span: Span, attributeField: number, place: string, depth: number): void {
  const fields = walk.bytes.fields(span, place)
  while (fields.next()) {
    if (fields.number !== attributeField || !fields.isSpan) continue
    const attribute = walk.bytes.fields(fields, place)
    while (attribute.next()) {
      const { number } = attribute
      if (!attribute.isSpan) continue
      if (number === 5 || number === 10) readTensor(walk, attribute.keyStart, attribute, place)
      else if (number === 6 || number === 11) readGraph(walk, attribute, `${place}.g`, depth + 1, null)
      else if (number === 22 || number === 23) readSparse(walk, attribute, place)
    }
  }
}

function readTensor(walk: Walk, keyStart: number, span: Span, place: string): TensorHead {
  const head = readTensorHead(walk.bytes, keyStart, span, place)
  if (head.external !== undefined) {
    walk.hasExternalData = true
    checkExternal(walk.bytes, head, head.external, place)
  }
  return head
}

/** A `SparseTensorProto`: its elements, where they are, and how large the whole is. */
function readSparse(walk: Walk, span: Span, place: string): void {
  let count = 1
  const fields = walk.bytes.fields(span, place)
  while (fields.next()) {
    if (fields.isSpan && fields.number < 3) {
      const values = readTensor(walk, fields.keyStart, fields, place)
      if (values.dims.length > 2)
        throw walk.bytes.damaged(
          fields.keyStart,
          place,
          `${describeTensor(values)} has more than 2 dimensions`,
        )
    } else if (fields.number === 3) {
      const dims = fields.isSpan ? walk.bytes.packedVarints(fields, place) : [fields.value]
      for (const dim of dims) count *= dim
    }
  }
  if (count >= 0 && count <= MOST_SPARSE_ELEMENTS) return
  throw walk.bytes.damaged(
    span.start,
    place,
    `a sparse tensor stands for ${count} elements; at most ${MOST_SPARSE_ELEMENTS} are allowed`,
  )
}
