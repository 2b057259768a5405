// Every file of generated code reads its own descriptor when it is loaded, which takes its time for these two dozen. The
// data plane has codecs by hand, so they are loaded when somebody asks.

/** Messages and services of the first and second generation, by proto package. Loaded at the first call. */
export const loadHydrosphereG2 = () => import('./messages-g2.ts')

/** Messages and services of the third generation, by proto package. Loaded at the first call. */
export const loadHydrosphereG3 = () => import('./messages-g3.ts')

/** The prediction services alone, of the second generation (the first has its messages) and the third. Loaded at the first call. */
export async function loadHydrospherePrediction() {
  const [g2, g3] = await Promise.all([import('./prediction-g2.ts'), import('./prediction-g3.ts')])
  return { g2: g2.service.PredictionService, g3: g3.runtime.PredictionService }
}
