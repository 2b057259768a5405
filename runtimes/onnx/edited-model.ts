import { ServingError } from '@millrace/sdk'
import type { GraphEdits } from './graph-plan.ts'
import {
  field,
  fieldHead,
  integerField,
  message,
  type OnnxFile,
  readingModel,
  type Span,
} from './model-proto/index.ts'

/** Protobuf's own limit, and that of ONNX. */
const MOST_BYTES = 2 ** 31 - 1
const MODEL_GRAPH = 7
const MODEL_OPSET = 8
/** For models that have operators of other sets only: the first version that knows all that may be added. */
const ADDED_OPSET = 13

/**
 * The bytes of a model with a changed graph: what stays is copied as it is, weights included.
 * @throws ServingError FAILED_PRECONDITION for a file of 2 GiB or more
 */
export function editedModel(file: OnnxFile, { removed, added }: GraphEdits): Uint8Array {
  if (file.sizeBytes > MOST_BYTES) {
    const what = `it must be changed to be served, and has ${file.sizeBytes} bytes; at most ${MOST_BYTES} are allowed`
    throw new ServingError('FAILED_PRECONDITION', `'${file.path}' cannot be served: ${what}`)
  }
  const addition = message(...added)
  const kept = without(file.graph, removed)
  const graphBytes = kept.reduce((sum, { start, end }) => sum + end - start, addition.length)
  const opset = file.opsets.has('') ? message() : field(MODEL_OPSET, integerField(2, ADDED_OPSET))
  const behind: Span = { start: file.graphField.end, end: file.sizeBytes }
  const graphHead = fieldHead(MODEL_GRAPH, graphBytes)

  const size =
    file.graphField.start + graphHead.length + graphBytes + (behind.end - behind.start) + opset.length
  const model = new Uint8Array(size)
  readingModel(file.path, bytes => {
    let at = 0
    const copy = (span: Span): void => {
      bytes.copy(span, model, at)
      at += span.end - span.start
    }
    const put = (part: Uint8Array): void => {
      model.set(part, at)
      at += part.length
    }
    copy({ start: 0, end: file.graphField.start })
    put(graphHead)
    for (const span of kept) copy(span)
    put(addition)
    copy(behind)
    put(opset)
  })
  return model
}

/** What is left of a span, in order. */
function without(span: Span, removed: readonly Span[]): readonly Span[] {
  const kept: Span[] = []
  let { start } = span
  for (const gap of removed.toSorted((a, b) => a.start - b.start)) {
    if (gap.start > start) kept.push({ start, end: gap.start })
    start = gap.end
  }
  if (span.end > start) kept.push({ start, end: span.end })
  return kept
}
