import {
  BytesArray,
  formatShape,
  type InferenceResponse,
  type Parameters,
  type Tensor,
  type TensorData,
} from '@millrace/sdk'

/** Who gets a part of an answer. */
export interface Share {
  readonly id: string | undefined
  readonly rows: number
}

/** Why an answer to `rows` rows cannot be divided by rows; `null` if it can. */
export function misalignment({ outputs }: InferenceResponse, rows: number): string | null {
  if (outputs.length === 0) return 'no outputs'
  const odd = outputs.find(({ shape }) => shape[0] !== rows)
  return odd === undefined ? null : `output '${odd.name}' of shape ${formatShape(odd.shape)}`
}

/**
 * Gives each share its rows as views, and parameters of its own: nobody can empty or change what another reads.
 * The answer is aligned to the rows of all shares.
 */
export function splitResponse(response: InferenceResponse, shares: readonly Share[]): InferenceResponse[] {
  let firstRow = 0
  return shares.map(({ id, rows }) => {
    const start = firstRow
    firstRow += rows
    return {
      ...response,
      id,
      ...ownParameters(response),
      outputs: response.outputs.map(output => rowsOf(output, start, rows)),
    }
  })
}

function rowsOf(output: Tensor, firstRow: number, rows: number): Tensor {
  const [, ...trailing] = output.shape
  const perRow = trailing.reduce((count, extent) => count * extent, 1)
  const data = view(output.data, firstRow * perRow, (firstRow + rows) * perRow)
  return { ...output, ...ownParameters(output), shape: [rows, ...trailing], data } as Tensor
}

/** A copy, where there are any. */
function ownParameters(of: { readonly parameters?: Parameters | undefined }): { parameters?: Parameters } {
  return of.parameters === undefined ? {} : { parameters: { ...of.parameters } }
}

function view(data: TensorData, start: number, end: number): TensorData {
  return BytesArray.is(data) ? data.slice(start, end) : data.subarray(start, end)
}
