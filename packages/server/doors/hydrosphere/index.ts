/** Hydrosphere's prediction protocol: what its gateway and manager ask of a runtime. */
export { type HydrosphereOptions, hydrosphereMethods } from './prediction-methods.ts'
