import type { Scoring } from './booster.ts'
import type { DocumentObject } from './document-object.ts'

/** The booster `gblinear`: a weight for each feature and output, then a bias for each output. */
export function createLinearScoring(
  model: DocumentObject,
  shape: { readonly featureCount: number; readonly outputCount: number; readonly baseMargin: Float64Array },
): Scoring {
  const { featureCount, outputCount, baseMargin } = shape
  const weights = Float32Array.from(model.numbers('weights'))
  const expected = (featureCount + 1) * outputCount
  if (weights.length !== expected)
    model.fail(
      `weights has ${weights.length} elements; ${featureCount} features and ${outputCount} outputs need ${expected}`,
    )
  const bias = featureCount * outputCount
  // XGBoost trains and predicts linear models with the first base score for every output, even where a file has several.
  const base = baseMargin[0]!
  return {
    memoryBytes: weights.byteLength,
    roundCount: 1,
    leafCount: () => undefined,
    leaves() {},
    margins(rows, rowCount, out) {
      for (let row = 0; row < rowCount; row++) {
        for (let output = 0; output < outputCount; output++) {
          let sum = Math.fround(weights[bias + output]! + base)
          for (let feature = 0; feature < featureCount; feature++) {
            const value = rows[row * featureCount + feature]!
            // What is missing adds nothing.
            if (!Number.isNaN(value))
              sum = Math.fround(sum + Math.fround(value * weights[feature * outputCount + output]!))
          }
          out[row * outputCount + output] = sum
        }
      }
    },
  }
}
