/** `@millrace/exec`: serves models that a program of their own answers for. */
export { ExecModel } from './exec-model.ts'
