/** `@millrace/onnx`: serves ONNX models with ONNX Runtime. */
export { OnnxModel } from './onnx-model.ts'
