import type { BaseModel } from '@millrace/sdk'

/** Has `report` called when somebody sets a model's `isReady`; a class that computes it cannot be watched. */
export function watchReadiness(model: BaseModel, report: () => void): void {
  const property = Object.getOwnPropertyDescriptor(model, 'isReady')
  if (property?.configurable !== true || !('value' in property)) return
  let { isReady } = model
  Object.defineProperty(model, 'isReady', {
    configurable: true,
    enumerable: true,
    get: () => isReady,
    set(value: boolean) {
      isReady = value
      report()
    },
  })
}
