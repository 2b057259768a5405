import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RegisterState, type RegisterStep } from './register-change.ts'

const id = fc.constantFrom('a', 'b', 'c')
const step: fc.Arbitrary<RegisterStep> = fc.oneof(
  fc.record({ id, path: fc.constantFrom('x', 'y') }).map(({ id: model, path }) => ({
    model: { id: model, info: { type: 't', path, key: '' }, lastUsedMs: 1, isAutoDeleted: false },
  })),
  fc.record({ id, activeId: id, targetId: id }).map(alias => ({
    alias: { ...alias, owner: '', hasFailed: false },
  })),
  id.map(noModel => ({ noModel })),
  id.map(noAlias => ({ noAlias })),
)

function contentOf(state: RegisterState) {
  return {
    models: new Map(state.models),
    aliases: new Map(state.aliases),
    references: ['a', 'b', 'c'].map(model => state.referencesTo(model)),
  }
}

test('changes that are taken back, the latest first, leave what was before them', () => {
  const changes = fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 6 })
  fc.assert(
    fc.property(changes, changes, (before, after) => {
      const state = new RegisterState()
      for (const change of before) state.apply(change)
      const expected = contentOf(state)
      const inverses = after.map(change => {
        const inverse = state.inverseOf(change)
        state.apply(change)
        return inverse
      })
      for (const inverse of inverses.toReversed()) state.apply(inverse)
      assert.deepEqual(contentOf(state), expected)
    }),
  )
})
