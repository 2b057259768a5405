import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type FuzzInput, inputsFromJson, inputsToJson } from './inputs/fuzz-input.ts'
import { PHASES } from './phases.ts'

const INPUTS = 200

for (const phase of PHASES) {
  const { name } = phase
  test(`${name}: the same seed and number make the same input, in any order`, () => {
    const there = Array.from({ length: INPUTS }, (_, index) => toText(phase.make(7, index)))
    const back = Array.from({ length: INPUTS }, (_, index) =>
      toText(phase.make(7, INPUTS - 1 - index)),
    ).toReversed()
    assert.deepEqual(there, back)
    assert.notDeepEqual(
      there.slice(0, 20),
      Array.from({ length: 20 }, (_, index) => toText(phase.make(8, index))),
    )
    // Few inputs are the same by chance, where there are only so many.
    assert.ok(new Set(there).size > INPUTS / 2)
  })

  test(`${name}: an input survives its file`, () => {
    for (let index = 0; index < 20; index++) {
      const text = toText(phase.make(7, index))
      assert.equal(toText(inputsFromJson(JSON.parse(text)) as FuzzInput), text)
    }
  })
}

function toText(input: FuzzInput): string {
  return JSON.stringify(inputsToJson(input))
}
