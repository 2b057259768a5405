/** `@millrace/sdk`: all that a model author installs. */
export * from './codecs/index.ts'
export * from './contract/index.ts'
export * from './errors/index.ts'
export * from './model/index.ts'
export * from './tensor/index.ts'
