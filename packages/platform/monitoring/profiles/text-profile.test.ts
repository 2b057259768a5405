import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTextProfile, type TextState } from './text-profile.ts'

test('a text profile says how long texts are, and nothing that it cannot know', () => {
  const profile = createTextProfile()
  for (const text of ['Good morning, world', '', 'naïve 👍🏽 2nd', 'good']) profile.add(text)
  const { commonStatistics, textStatistics } = profile.view()
  assert.deepEqual(commonStatistics, { count: 4, distinctCount: 6, missing: 1, distinctCountError: 0 })
  assert.deepEqual(textStatistics, {
    meanTokenLength: 6 / 4,
    meanCharacterLength: (19 + 12 + 4) / 4,
    meanDepTreeDepth: null,
    meanUniqueLemmaRatio: null,
    meanSentimentScore: null,
    meanLanguageProba: null,
    meanPOSProba: null,
  })
  const restored = createTextProfile(JSON.parse(JSON.stringify(profile.state())) as TextState)
  restored.merge(profile.state())
  assert.equal(restored.view().commonStatistics.count, 8)
  assert.equal(restored.view().textStatistics.meanTokenLength, 6 / 4)
})

test('of a long text the length is exact and the words are those of its beginning', () => {
  const profile = createTextProfile()
  profile.add('ab '.repeat(10_000))
  const { meanTokenLength, meanCharacterLength } = profile.view().textStatistics
  assert.equal(meanCharacterLength, 30_000)
  assert.ok(meanTokenLength! < 6000, String(meanTokenLength))
})
