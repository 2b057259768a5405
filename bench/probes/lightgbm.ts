/**
 * 500 trees of depth 6 over 50 features: the model as a server calls it, from request to response, beside one thread of
 * LightGBM. Both answer one row and 1,000 rows; the answers are compared first.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { LightgbmModel } from '@millrace/lightgbm'
import { loadForTest } from '@millrace/sdk/testing'
import { runTreePeer, timeCall } from './tree-peer.ts'

const FEATURES = 50
const durationMs = Number(process.argv[2] ?? 1000)

const peer = await runTreePeer('lightgbm', durationMs)
const uri = join(peer.folder, 'lightgbm.txt')
await using model = await loadForTest(LightgbmModel, { settings: { uri } })
const rows = new Float64Array(peer.rows)
const manyRows = [
  { name: 'x', datatype: 'FP64', shape: [rows.length / FEATURES, FEATURES], data: rows },
] as const
const oneRow = [{ name: 'x', datatype: 'FP64', shape: [1, FEATURES], data: rows.slice(0, FEATURES) }] as const

const { outputs } = await model.predict(manyRows)
const answers = outputs[0]!.data as Float64Array
for (const [index, wanted] of peer.answers.entries())
  assert.ok(
    Math.abs(answers[index]! - wanted) <= Math.abs(wanted) * 1e-12,
    `row ${index}: ${answers[index]}, not ${wanted}`,
  )

const oneUs = await timeCall(() => model.predict(oneRow), durationMs)
const manyUs = await timeCall(() => model.predict(manyRows), durationMs)
const figures = {
  oneRatio: peer.oneUs / oneUs,
  manyRatio: peer.manyUs / manyUs,
  oneUs,
  peerOneUs: peer.oneUs,
  manyUs,
  peerManyUs: peer.manyUs,
}
console.log(JSON.stringify(figures))
