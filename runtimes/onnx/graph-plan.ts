import type { Tensor } from '@millrace/sdk'
import { readDefault } from './default-value.ts'
import {
  describeType,
  field,
  type GraphSide,
  integerField,
  type ModelBytes,
  message,
  type NodeHead,
  type OnnxFile,
  readingModel,
  readLabels,
  readNodeHeads,
  type Span,
  textField,
  type ValueType,
} from './model-proto/index.ts'

/** Field numbers of onnx.proto's `GraphProto`, and `TensorProto.DataType`s. */
const NODE = 1
const INPUT = 11
const OUTPUT = 12
const FLOAT = 1
const BFLOAT16 = 16
/** Names that are added to a graph begin so. */
const PREFIX = 'millrace:'
/** More initializers that are also inputs than these are weights, which exporters used to list among the inputs. */
const MOST_DEFAULTS = 16
/** Since version 4 of the format, an initializer that is also an input is a default. */
const FIRST_IR_WITH_DEFAULTS = 4

/** An input or output as it is served. */
export interface Port {
  readonly name: string
  /** What ONNX Runtime calls it. */
  readonly sessionName: string
  /** Numbers of `BF16` travel into and out of ONNX Runtime as float32. */
  readonly isBfloat16: boolean
  /** What the columns of a classifier's probabilities stand for, in order. */
  readonly labels: readonly (string | number)[] | undefined
  /** What is taken for an input that a request leaves out. */
  readonly defaultValue: Tensor | undefined
  /** The type in which it is served. */
  readonly type: ValueType
  /** Why it cannot be served, if so. */
  readonly problem: string | undefined
}

/** How a graph is served: what it is asked under which name, and what must be changed in it for that. */
export interface GraphPlan {
  readonly inputs: readonly Port[]
  readonly outputs: readonly Port[]
  readonly edits: GraphEdits
}

/** What to take out of the file's graph, and what to add to it. */
export interface GraphEdits {
  readonly removed: readonly Span[]
  readonly added: readonly Uint8Array[]
}

/**
 * Plans how to serve values that ONNX Runtime does not exchange with JavaScript: sequences and maps become the tensors
 * they are made of, and `bfloat16` travels as float32. Defaults of inputs become values that are sent when a request
 * has none.
 * @param declared names of inputs and outputs in the settings; outputs that are not among them stay as they are
 * @throws ServingError FAILED_PRECONDITION for a damaged file
 */
export function planGraph(
  file: OnnxFile,
  declared: { readonly inputs: readonly string[]; readonly outputs: readonly string[] },
): GraphPlan {
  const draft: Draft = { removed: [], added: [] }
  return readingModel(file.path, bytes => {
    const inputs = planInputs(bytes, file, declared.inputs, draft)
    let nodes: readonly NodeHead[] | undefined
    const outputs = file.outputs.flatMap(output => {
      if (isPlain(output.type)) return plain(output)
      if (isBfloat16(output.type)) return bfloat16Output(output, draft)
      nodes ??= readNodeHeads(bytes, file.graph)
      const ports = planOutput(bytes, output, nodes)
      const isWanted =
        declared.outputs.length === 0 || ports.some(({ port }) => declared.outputs.includes(port.name))
      if (!isWanted || ports.some(({ port }) => port.problem !== undefined))
        return ports.map(({ port }) => port)
      draft.removed.push(output.field)
      for (const { remove, add } of ports) {
        draft.removed.push(...remove)
        draft.added.push(...add)
      }
      return ports.map(({ port }) => port)
    })
    return { inputs, outputs, edits: { removed: [...new Set(draft.removed)], added: draft.added } }
  })
}

interface Draft {
  readonly removed: Span[]
  readonly added: Uint8Array[]
}

interface PlannedOutput {
  readonly port: Port
  readonly remove: readonly Span[]
  readonly add: readonly Uint8Array[]
}

function planInputs(
  bytes: ModelBytes,
  file: OnnxFile,
  declared: readonly string[],
  draft: Draft,
): readonly Port[] {
  const initialized = file.inputs.filter(({ name }) => file.initializers.has(name))
  const areDefaults = file.irVersion >= FIRST_IR_WITH_DEFAULTS && initialized.length <= MOST_DEFAULTS
  return file.inputs.flatMap(input => {
    const initializer = file.initializers.get(input.name)
    if (initializer === undefined) return isBfloat16(input.type) ? bfloat16Input(input, draft) : plain(input)
    if (!areDefaults && !declared.includes(input.name)) return []
    const defaultValue = readDefault(bytes, initializer)
    if (defaultValue === undefined) return []
    draft.removed.push(initializer.field)
    return { ...plain(input), defaultValue }
  })
}

function planOutput(
  bytes: ModelBytes,
  output: GraphSide,
  nodes: readonly NodeHead[],
): readonly PlannedOutput[] {
  const { name, type } = output
  const chain = producers(name, nodes)
  const producer = chain.at(-1)
  if (type.kind === 'sequence' && type.of.kind === 'map') {
    if (producer?.opType !== 'ZipMap')
      return impossible(output, 'only maps that a ZipMap node of the graph makes can be served')
    const labels = readLabels(bytes, producer)
    return [
      {
        port: {
          ...plain(output),
          sessionName: PREFIX + name,
          labels,
          type: tensorOf(FLOAT, ['', labels.length]),
        },
        remove: unused(chain, nodes).map(node => node.field),
        add: [node('Identity', producer.inputs[0] ?? '', PREFIX + name), side(OUTPUT, PREFIX + name, FLOAT)],
      },
    ]
  }
  if (type.kind !== 'sequence' || type.of.kind !== 'tensor')
    return impossible(output, 'it has no form as a tensor; have the graph return tensors')
  const { elementType, shape } = type.of
  if (producer?.opType !== 'SequenceConstruct') {
    return [
      {
        port: {
          ...plain(output),
          sessionName: PREFIX + name,
          type: tensorOf(elementType, shape === null ? null : ['', ...shape]),
        },
        remove: [],
        add: [
          node('ConcatFromSequence', name, PREFIX + name, { axis: 0, new_axis: 1 }),
          side(OUTPUT, PREFIX + name, elementType),
        ],
      },
    ]
  }
  return producer.inputs.map((part, index) => {
    const partName = `${name}_${index}`
    return {
      port: {
        ...plain(output),
        name: partName,
        sessionName: PREFIX + partName,
        type: tensorOf(elementType, shape),
      },
      remove: unused(chain, nodes).map(({ field: whole }) => whole),
      add: [node('Identity', part, PREFIX + partName), side(OUTPUT, PREFIX + partName, elementType)],
    }
  })
}

/** The nodes that make a value, from the last: the one that does, behind any number that pass it on. */
function producers(name: string, nodes: readonly NodeHead[]): readonly NodeHead[] {
  const chain: NodeHead[] = []
  let wanted: string | undefined = name
  while (wanted !== undefined) {
    const made: string = wanted
    const found = nodes.find(candidate => candidate.outputs.includes(made))
    if (found === undefined || chain.includes(found)) break
    chain.push(found)
    wanted = found.opType === 'Identity' ? found.inputs[0] : undefined
  }
  return chain
}

/** The nodes of a chain that nobody else needs: up to the first whose value goes elsewhere too. */
function unused(chain: readonly NodeHead[], nodes: readonly NodeHead[]): readonly NodeHead[] {
  const kept = chain.findIndex(({ outputs }) =>
    nodes.some(other => !chain.includes(other) && other.inputs.some(input => outputs.includes(input))),
  )
  return kept === -1 ? chain : chain.slice(0, kept)
}

function bfloat16Input(input: GraphSide, draft: Draft): Port {
  const sessionName = PREFIX + input.name
  draft.removed.push(input.field)
  draft.added.push(
    side(INPUT, sessionName, FLOAT, shapeOf(input.type)),
    node('Cast', sessionName, input.name, { to: BFLOAT16 }),
  )
  return { ...plain(input), sessionName, isBfloat16: true }
}

function bfloat16Output(output: GraphSide, draft: Draft): Port {
  const sessionName = PREFIX + output.name
  draft.removed.push(output.field)
  draft.added.push(
    node('Cast', output.name, sessionName, { to: FLOAT }),
    side(OUTPUT, sessionName, FLOAT, shapeOf(output.type)),
  )
  return { ...plain(output), sessionName, isBfloat16: true }
}

function plain({ name, type }: GraphSide): Port {
  return {
    name,
    sessionName: name,
    isBfloat16: false,
    labels: undefined,
    defaultValue: undefined,
    type,
    problem: undefined,
  }
}

function impossible(output: GraphSide, why: string): readonly PlannedOutput[] {
  const problem = `its type is ${describeType(output.type)}, and ${why}`
  return [{ port: { ...plain(output), problem }, remove: [], add: [] }]
}

function tensorOf(elementType: number, shape: readonly (number | string)[] | null): ValueType {
  return { kind: 'tensor', elementType, shape }
}

function isPlain(type: ValueType): boolean {
  return type.kind === 'tensor' && type.elementType !== BFLOAT16
}

function isBfloat16(type: ValueType): boolean {
  return type.kind === 'tensor' && type.elementType === BFLOAT16
}

function shapeOf(type: ValueType): readonly (number | string)[] | null {
  return type.kind === 'tensor' ? type.shape : null
}

/** A `NodeProto` with one input and one output, as a field of its graph. */
function node(
  opType: string,
  input: string,
  output: string,
  attributes: Readonly<Record<string, number>> = {},
): Uint8Array {
  const INT = 2
  const written = Object.entries(attributes).map(([name, value]) =>
    field(5, message(textField(1, name), integerField(3, value), integerField(20, INT))),
  )
  return field(NODE, message(textField(1, input), textField(2, output), textField(4, opType), ...written))
}

/** A `ValueInfoProto` as a field of its graph. */
function side(
  number: number,
  name: string,
  elementType: number,
  shape: readonly (number | string)[] | null = null,
): Uint8Array {
  const dims = (shape ?? []).map(extent => field(1, dim(extent)))
  const written = shape === null ? [] : [field(2, message(...dims))]
  const tensor = field(1, message(integerField(1, elementType), ...written))
  return field(number, message(textField(1, name), field(2, tensor)))
}

function dim(extent: number | string): Uint8Array {
  if (typeof extent === 'string') return extent === '' ? message() : textField(2, extent)
  return extent < 0 ? message() : integerField(1, extent)
}
