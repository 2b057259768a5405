import { ServingError } from '@millrace/sdk'
import { readQuantity } from '../../resources/index.ts'

/**
 * What a deployment configuration asks for, as a number: `500m` is 0.5, `4G` 4,000,000,000, `1Ki` 1,024.
 * @throws ServingError INVALID_ARGUMENT for what is no quantity, for 0, and for what no machine has
 */
export function requireQuantity(text: string, path: string): number {
  const value = readQuantity(text)
  if (value !== undefined && value > 0 && value <= Number.MAX_SAFE_INTEGER) return value
  throw new ServingError(
    'INVALID_ARGUMENT',
    `${path}: '${text.slice(0, 100)}' is not a quantity above 0 such as 500m, 2, 4G or 512Mi`,
  )
}
