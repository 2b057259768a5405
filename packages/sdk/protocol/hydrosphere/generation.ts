/**
 * Hydrosphere's protocol in its three generations: `G1` of 2018, `G2` of 2019 and 2020, `G3` of 2021. G1 and G2 have
 * the same tensors and requests; their contracts differ. Nothing on the wire says which one it is.
 */
export const HYDROSPHERE_GENERATIONS = ['G1', 'G2', 'G3'] as const

export type HydrosphereGeneration = (typeof HYDROSPHERE_GENERATIONS)[number]
