/** Writes until it is killed, and says on standard output what was acknowledged: one line of JSON each. */
import { openStore, type StoreOptions } from '../index.ts'
import { newVersion } from './suite-bed.ts'

const options = JSON.parse(process.argv[2]!) as StoreOptions
const store = await openStore(options)
for (let count = 1; ; count++) {
  const text = `${process.pid} ${count}`
  const { digest } = await store.payloads.put([Buffer.from(text)], { sizeBytesMax: 100 })
  const version = await store.transaction(async tables => {
    const made = await tables.modelVersions.create(newVersion('crash', { payloadDigest: digest }))
    await tables.buildLogs.append(made.id, ['one', 'two', text])
    await tables.hostSelectors.create({ name: `selector-${made.id}`, nodeSelector: { text } })
    return made
  })
  process.stdout.write(`${JSON.stringify({ id: version.id, text })}\n`)
}
