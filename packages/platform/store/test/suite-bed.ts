import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import type { ExecutionGraph, ModelSignature, NewModelVersion, Store } from '../index.ts'

/** What an implementation of the store's database gives to the shared suite. */
export interface SuiteBed {
  readonly name: string
  /** An empty database; what `open` returned first is closed by the suite. */
  readonly createPlace: (t: TestContext) => Promise<StorePlace>
}

export interface StorePlace {
  open(): Promise<Store>
}

/** Declares a test that gets an open store. */
export type Suite = (title: string, run: (store: Store, place: StorePlace) => Promise<void>) => void

export function createSuite({ name, createPlace }: SuiteBed): Suite {
  return (title, run) => {
    void test(`${name}: ${title}`, async t => {
      const place = await createPlace(t)
      const store = await place.open()
      try {
        await run(store, place)
      } finally {
        await store.close()
      }
    })
  }
}

export const SIGNATURE: ModelSignature = {
  signatureName: 'scale',
  inputs: [{ name: 'xs', dtype: 'DT_DOUBLE', shape: { dims: [-1, 2] }, profile: 'NUMERICAL' }],
  outputs: [{ name: 'total', dtype: 'DT_DOUBLE', shape: { dims: [] }, profile: 'NONE' }],
}

export function newVersion(modelName = 'scaler', more: Partial<NewModelVersion> = {}): NewModelVersion {
  return {
    modelName,
    signature: SIGNATURE,
    runtime: { name: 'acme/python', tag: '3.0.3', sha256: undefined },
    ...more,
  }
}

export function graphOf(...ids: readonly number[]): ExecutionGraph {
  return {
    stages: ids.map(modelVersionId => ({
      modelVariants: [{ modelVersionId, weight: 100 }],
      signature: SIGNATURE,
    })),
  }
}

/** Checks an error by its code, and what it says. */
export function refusal(code: string, message?: RegExp): (error: unknown) => true {
  return error => {
    assert.ok(ServingError.is(error), String(error))
    assert.equal(error.code, code, error.message)
    if (message !== undefined) assert.match(error.message, message)
    return true
  }
}
