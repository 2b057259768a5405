import { ELEMENT_SIZE_BYTES, elementCount, type Tensor, tensorFromBytes, toTensor } from '../tensor/index.ts'
import type { TensorSpec } from './contract.ts'

/** Text that the codec of a content type can read; the codecs themselves live in a room below. */
const EXAMPLE_TEXT: ReadonlyMap<string | undefined, string> = new Map([
  ['base64', 'ZXhhbXBsZQ=='],
  ['datetime', '2000-01-01T00:00:00Z'],
  ['pd_json', '"example"'],
  ['json', '"example"'],
  ['hg_json', '"example"'],
  ['hg_jsonlist', '"example"'],
  ['hg_conversation', '[{"role":"user","content":"example"}]'],
  // The smallest picture there is: one pixel of a GIF.
  ['pillow_image', 'R0lGODlhAQABAAAAACwAAAAAAQABAAAC'],
])

/**
 * Tensors that satisfy a contract: zeros, and the text `example` in the form that the field's content
 * type asks for; every free dimension is 1. Good for a first try, a warm-up and load generation; not
 * for judging a model.
 * @throws ServingError INVALID_ARGUMENT for a shape that no tensor can have
 */
export function exampleInputs(specs: readonly TensorSpec[]): Tensor[] {
  return specs.map(({ name, datatype, shape: pattern, contentType }) => {
    const shape = pattern.map(extent => (extent === -1 ? 1 : extent))
    const count = elementCount(shape, name)
    if (datatype !== 'BYTES') {
      return tensorFromBytes(name, datatype, shape, new Uint8Array(count * ELEMENT_SIZE_BYTES[datatype]))
    }
    const text = EXAMPLE_TEXT.get(contentType) ?? 'example'
    return toTensor({ name, datatype, shape, data: Array.from({ length: count }, () => text) })
  })
}
