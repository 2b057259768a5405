import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApplicationJson } from '../api/application-json.ts'
import {
  bodyOf,
  draftOf,
  emptyDraft,
  emptyStage,
  emptyVariant,
  problemsOf,
  withVersion,
} from './application-draft.ts'

const variant = (
  modelVersionId: number,
  weight: number,
  deploymentConfigurationName: string | null = null,
) => ({
  modelVersionId,
  weight,
  deploymentConfigurationName,
  servableName: 's',
})
const signature = { signatureName: 'f', inputs: [], outputs: [] }
const APPLICATION: ApplicationJson = {
  id: 4,
  name: 'shop',
  namespace: null,
  status: 'Ready',
  message: null,
  signature,
  metadata: {},
  kafkaStreaming: [],
  executionGraph: {
    stages: [
      { modelVariants: [variant(1, 100)], signature },
      { modelVariants: [variant(2, 80), variant(3, 20, 'big')], signature },
    ],
  },
}

test('an application comes back as it was', () => {
  assert.deepEqual(bodyOf(draftOf(APPLICATION)), {
    id: 4,
    name: 'shop',
    namespace: null,
    kafkaStreaming: [],
    executionGraph: {
      stages: [
        { modelVariants: [{ modelVersionId: 1, weight: 100, deploymentConfigName: null }] },
        {
          modelVariants: [
            { modelVersionId: 2, weight: 80, deploymentConfigName: null },
            { modelVersionId: 3, weight: 20, deploymentConfigName: 'big' },
          ],
        },
      ],
    },
  })
})

test('one variant is upgraded, and no other', () => {
  const { stages } = bodyOf(withVersion(APPLICATION, { stage: 1, variant: 0 }, 9)).executionGraph
  assert.deepEqual(
    stages.map(({ modelVariants }) => modelVariants.map(({ modelVersionId }) => modelVersionId)),
    [[1], [9, 3]],
  )
})

const problem = (name: string) => problemsOf({ ...emptyDraft(1), name }, ['taken']).name

test('names keep to the rules of the manager', () => {
  assert.equal(problem('fine-Name_1'), undefined)
  assert.match(problem('')!, /a name/)
  assert.match(problem('no spaces')!, /Only Latin letters/)
  assert.equal(problem('a'.repeat(128)), undefined)
  assert.match(problem('a'.repeat(129))!, /129 characters; allowed are 128/)
  assert.match(problem('taken')!, /already/)
  assert.equal(problemsOf(draftOf(APPLICATION), ['shop']).isFine, true)
})

test('weights of a stage sum to 100', () => {
  const stage = emptyStage()
  const [only] = stage.variants
  const draftWith = (...weights: (number | undefined)[]) => ({
    ...emptyDraft(1),
    name: 'a',
    stages: [{ ...stage, variants: weights.map(weight => ({ ...emptyVariant(0), versionId: 1, weight })) }],
  })
  assert.equal(problemsOf(draftWith(80, 20), []).isFine, true)
  assert.equal(problemsOf(draftWith(100, 0), []).isFine, true)
  assert.equal(
    problemsOf(draftWith(80, 10), []).byKey.get(stage.key),
    'Sum of weights must be equal 100. Current sum: 90',
  )
  assert.equal(problemsOf(draftWith(120, -20), []).isFine, false)
  assert.equal(problemsOf(draftWith(undefined, 100), []).isFine, false)
  assert.match(
    problemsOf({ ...emptyDraft(), name: 'a', stages: [stage] }, []).byKey.get(only!.key)!,
    /Choose/,
  )
})
