// A process that registers models until it is killed, and says which of them it was told to be registered.
import { createModelRegister } from '../create-model-register.ts'

const register = await createModelRegister({
  folder: process.argv[2],
  setting: 'folder',
  log: { debug() {}, info() {}, warn() {}, error() {} },
  events: { onModelAdded() {}, onModelRemoved() {} },
})
const info = { type: 'sklearn', path: 'models/m.joblib', key: '{"model_type":{"name":"sklearn"}}' }
process.stdout.write('open\n')
for (let number = 0; ; number++) {
  // Some at once, so that they share a write.
  const ids = [0, 1, 2].map(index => `${process.pid}-${number}-${index}`)
  await Promise.all(ids.map(id => register.register({ id, info, lastUsedMs: 1, isAutoDeleted: false })))
  // Changes in between give older records an end, and snapshots something to leave out.
  await register.unregister(ids[2]!)
  if (!process.stdout.write(`${ids[0]} ${ids[1]} ${ids[2]}\n`))
    await new Promise(resolve => process.stdout.once('drain', resolve))
}
