import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { createLogger } from '../base/index.ts'
import { createModelRegister, type ModelRegisterOptions } from './create-model-register.ts'
import type { AliasDemand, ModelRegister } from './model-register.ts'

const log = createLogger({ isStructured: true, level: 'silent' })
const INFO = { type: 'sklearn', path: 'a/b', key: '' }

interface Bed {
  readonly register: ModelRegister
  readonly events: string[]
}

async function opened(t: TestContext, options: Partial<ModelRegisterOptions> = {}): Promise<Bed> {
  const events: string[] = []
  const register = await createModelRegister({
    folder: undefined,
    setting: 'model_mesh_data_folder',
    log,
    events: {
      onModelAdded: ({ id }) => void events.push(`+${id}`),
      onModelRemoved: ({ id }) => void events.push(`-${id}`),
    },
    ...options,
  })
  t.after(() => register.close())
  return { register, events }
}

function model(id: string, info = INFO) {
  return { id, info, lastUsedMs: 1, isAutoDeleted: false }
}

function demand(id: string, targetId: string, more: Partial<AliasDemand> = {}): AliasDemand {
  return {
    id,
    targetId,
    owner: '',
    isUpdateOnly: false,
    expectedTargetId: '',
    movesAtOnce: () => false,
    isTargetKnown: false,
    ...more,
  }
}

const auto = { info: INFO, lastUsedMs: 1, isAutoDeleted: true }

suite('a register of models', () => {
  test('has a model once, from one place', async t => {
    const { register, events } = await opened(t)
    await register.register(model('m'))
    await register.register(model('m'))
    for (const member of ['type', 'path', 'key'] as const) {
      await assert.rejects(register.register(model('m', { ...INFO, [member]: 'x' })), {
        code: 'ALREADY_EXISTS',
        message: new RegExp(`^Model already exists with different ${member}`),
      })
    }
    assert.deepEqual(events, ['+m'])
    assert.deepEqual(register.model('m')?.info, INFO)
  })

  test('removes what is there, unless an alias refers to it', async t => {
    const { register, events } = await opened(t)
    await register.unregister('m')
    await register.register(model('m'))
    await register.setAlias(demand('a', 'm'))
    assert.equal(register.referencesTo('m'), 1)
    await assert.rejects(register.unregister('m'), {
      code: 'FAILED_PRECONDITION',
      message: /referenced by 1 vmodel.*: a$/,
    })
    await register.deleteAlias('a', '')
    await register.unregister('m')
    assert.deepEqual(events, ['+m', '-m'])
  })

  test('knows whose an alias is', async t => {
    const { register } = await opened(t)
    await register.register(model('m'))
    await register.setAlias(demand('a', 'm', { owner: 'me' }))
    await assert.rejects(register.setAlias(demand('a', 'm', { owner: 'you' })), {
      code: 'ALREADY_EXISTS',
      message: /already exists with different owner "me"/,
    })
    await register.deleteAlias('a', 'you')
    assert.equal(register.alias('a')?.owner, 'me')
    await register.setAlias(demand('a', 'm'))
    await register.deleteAlias('a', 'me')
    assert.equal(register.alias('a'), undefined)
  })

  test('refuses unknown targets, wrong expectations, and updates of nothing', async t => {
    const { register, events } = await opened(t)
    await register.register(model('m'))
    const cases: [AliasDemand, string, RegExp][] = [
      [demand('a', 'n'), 'NOT_FOUND', /Target model 'n' not found/],
      [demand('a', 'm', { isUpdateOnly: true }), 'NOT_FOUND', /vmodel 'a' not found/],
      [demand('a', 'm', { expectedTargetId: 'n' }), 'FAILED_PRECONDITION', /vmodel 'a' not found/],
      [
        demand('a', 'm', { target: { ...auto, info: { ...INFO, path: 'x' } } }),
        'ALREADY_EXISTS',
        /different path/,
      ],
    ]
    for (const [asked, code, message] of cases)
      await assert.rejects(register.setAlias(asked), { code, message })
    await register.setAlias(demand('a', 'm', { expectedTargetId: 'm' }))
    await assert.rejects(register.setAlias(demand('a', 'n', { target: auto, expectedTargetId: 'x' })), {
      code: 'FAILED_PRECONDITION',
      message: /the target of vmodel 'a' is 'm', not the expected 'x'/,
    })
    assert.deepEqual(events, ['+m'])
    // A model of the repository is no less a target.
    await register.setAlias(demand('b', 'other', { isTargetKnown: true }))
  })

  test('moves an alias at once or later, and removes what nobody needs in the same step', async t => {
    const { register, events } = await opened(t)
    await register.setAlias(demand('a', 'one', { target: auto }))
    await register.setAlias(demand('a', 'two', { target: auto }))
    assert.deepEqual(register.alias('a'), {
      id: 'a',
      owner: '',
      activeId: 'one',
      targetId: 'two',
      hasFailed: false,
    })
    await register.markAlias('a', 'two', true)
    assert.equal(register.alias('a')?.hasFailed, true)
    // Another target: the one that failed is needed no more.
    await register.setAlias(demand('a', 'three', { target: auto }))
    assert.deepEqual(
      [register.alias('a')?.hasFailed, events.splice(0)],
      [false, ['+one', '+two', '+three', '-two']],
    )
    await register.moveAlias('a', 'two')
    assert.equal(register.alias('a')?.activeId, 'one')
    await register.moveAlias('a', 'three')
    assert.deepEqual([register.alias('a')?.activeId, events.splice(0)], ['three', ['-one']])
    await register.setAlias(demand('a', 'four', { target: auto, movesAtOnce: () => true }))
    assert.deepEqual([register.alias('a')?.activeId, events.splice(0)], ['four', ['+four', '-three']])
    await register.deleteAlias('a', '')
    assert.deepEqual(events, ['-four'])
  })

  test('keeps an auto-deleted model for its other alias', async t => {
    const { register, events } = await opened(t)
    await register.setAlias(demand('a', 'm', { target: auto }))
    await register.setAlias(demand('b', 'm'))
    await register.deleteAlias('a', '')
    assert.deepEqual(events, ['+m'])
    await register.deleteAlias('b', '')
    assert.deepEqual(events, ['+m', '-m'])
  })

  test('is full at its limits', async t => {
    const { register } = await opened(t, { maxEntries: 2, maxCharacters: 40 })
    await register.register(model('m'))
    await assert.rejects(register.register(model('n', { ...INFO, key: 'k'.repeat(40) })), {
      code: 'RESOURCE_EXHAUSTED',
      message: /at most 40 characters/,
    })
    await register.register(model('n'))
    await assert.rejects(register.register(model('o')), {
      code: 'RESOURCE_EXHAUSTED',
      message: /at most 2 models/,
    })
    await register.setAlias(demand('a', 'm'))
    await register.setAlias(demand('b', 'm'))
    await assert.rejects(register.setAlias(demand('c', 'm')), {
      code: 'RESOURCE_EXHAUSTED',
      message: /2 vmodels/,
    })
  })

  test('is after a restart what it was, whatever happened', async t => {
    const id = fc.constantFrom('a', 'b', 'c')
    const step = fc.oneof(
      fc.record({ kind: fc.constant('register' as const), id }),
      fc.record({ kind: fc.constant('unregister' as const), id }),
      fc.record({
        kind: fc.constant('set' as const),
        id,
        targetId: id,
        now: fc.boolean(),
        isNew: fc.boolean(),
      }),
      fc.record({ kind: fc.constant('move' as const), id, targetId: id }),
      fc.record({ kind: fc.constant('mark' as const), id, targetId: id }),
      fc.record({ kind: fc.constant('delete' as const), id }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async steps => {
        const folder = await mkdtemp(join(tmpdir(), 'millrace-register-'))
        const { register } = await opened(t, { folder })
        const run = (one: (typeof steps)[number]) => {
          if (one.kind === 'register') return register.register(model(one.id))
          if (one.kind === 'unregister') return register.unregister(one.id)
          if (one.kind === 'move') return register.moveAlias(one.id, one.targetId)
          if (one.kind === 'mark') return register.markAlias(one.id, one.targetId, true)
          if (one.kind === 'delete') return register.deleteAlias(one.id, '')
          const target = one.isNew ? auto : undefined
          return register.setAlias(demand(one.id, one.targetId, { target, movesAtOnce: () => one.now }))
        }
        await Promise.allSettled(steps.map(run))
        await register.close()
        const { register: again } = await opened(t, { folder })
        for (const kind of ['models', 'aliases'] as const) {
          assert.deepEqual(Array.from<unknown>(again[kind]()), Array.from<unknown>(register[kind]()))
        }
        for (const name of ['a', 'b', 'c']) {
          assert.equal(again.referencesTo(name), register.referencesTo(name))
          const count = [...again.aliases()].filter(({ activeId, targetId }) =>
            [activeId, targetId].includes(name),
          )
          assert.equal(again.referencesTo(name), count.length)
          if (again.model(name)?.isAutoDeleted === true)
            assert.ok(count.length > 0, 'an auto-deleted model is needed')
        }
        await again.close()
        await rm(folder, { recursive: true })
      }),
      { numRuns: 30 },
    )
  })
})
