export { healthMethods, type ReadinessChanges } from './health.ts'
export { reflectionMethods } from './reflection.ts'
