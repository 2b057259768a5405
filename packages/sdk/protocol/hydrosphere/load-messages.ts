// Every file of generated code reads its own descriptor when it is loaded, which takes its time for these two dozen. Only
// the control plane needs them, so they are loaded when somebody asks.

/** Messages and services of the first and second generation, by proto package. Loaded at the first call. */
export const loadHydrosphereG2 = () => import('./messages-g2.ts')

/** Messages and services of the third generation, by proto package. Loaded at the first call. */
export const loadHydrosphereG3 = () => import('./messages-g3.ts')
