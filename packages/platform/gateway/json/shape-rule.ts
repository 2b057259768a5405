import { formatShape, type Shape } from '@millrace/sdk'

/** The shape that a number of values has, or what does not fit. */
type ShapeRule = (count: number, nesting: Shape | undefined) => Shape | string

/** How the shape of a field follows from what is given for it. */
export function shapeRule(declared: Shape | null): ShapeRule {
  if (declared === null) {
    return (_count, nesting) => nesting ?? 'the arrays are ragged; each of a level needs the same length'
  }
  const free = declared.filter(extent => extent === -1).length
  const fixed = declared.reduce((product, extent) => (extent === -1 ? product : product * extent), 1)
  const expected = formatShape(declared)
  if (free === 0) {
    return count => (count === fixed ? declared : `${counted(count)}; expected ${fixed} for ${expected}`)
  }
  if (free > 1) {
    return (count, nesting) =>
      nesting !== undefined && fits(nesting, declared)
        ? nesting
        : `${counted(count)} in arrays of ${nesting === undefined ? 'different lengths' : formatShape(nesting)}; expected arrays nested as ${expected}, because more than one extent is open`
  }
  return count => {
    const extent = fixed === 0 ? 0 : count / fixed
    if (fixed === 0 ? count !== 0 : !Number.isInteger(extent)) {
      return `${counted(count)}; expected a multiple of ${fixed} for ${expected}`
    }
    return declared.map(size => (size === -1 ? extent : size))
  }
}

function fits(shape: Shape, declared: Shape): boolean {
  return (
    shape.length === declared.length &&
    shape.every((extent, axis) => declared[axis] === -1 || declared[axis] === extent)
  )
}

function counted(count: number): string {
  return count === 1 ? '1 value' : `${count} values`
}
