export { healthMethods, type Readiness } from './health.ts'
export { reflectionMethods } from './reflection.ts'
