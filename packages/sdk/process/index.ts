/** `@millrace/sdk/process`: for those who run programs beside a server: ends that cannot be missed, output by lines. */
export { guardedCommand, LIFELINE, signalGroup } from './guarded-command.ts'
export { createLineSplitter } from './line-splitter.ts'
