export { createTracing, type ModelSpan, type ModelTracing, type Tracing } from './tracing.ts'
