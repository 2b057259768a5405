import type { ShapeJson } from '../api/signature-json.ts'

/** `[-1, 2]`; "scalar" without extents, "any shape" where none is said. */
export function shapeText(shape: ShapeJson | null | undefined): string {
  if (shape === null || shape === undefined) return 'any shape'
  return shape.dims.length === 0 ? 'scalar' : `[${shape.dims.join(', ')}]`
}
