// A process whose files may only grow so far: registers models until that is refused, and says what it has then.
import { createModelRegister } from '../create-model-register.ts'

const events: string[] = []
const register = await createModelRegister({
  folder: process.argv[2],
  setting: 'the_folder',
  log: { debug() {}, info() {}, warn() {}, error() {} },
  events: {
    onModelAdded: ({ id }) => void events.push(`+${id}`),
    onModelRemoved: ({ id }) => void events.push(`-${id}`),
  },
})
const info = { type: 'sklearn', path: 'models/m.joblib', key: 'k'.repeat(100) }
const point = (targetId: string, length: number) =>
  register.setAlias({
    id: 'alias',
    targetId,
    target: { info: { ...info, key: 'k'.repeat(length) }, lastUsedMs: 1, isAutoDeleted: true },
    owner: '',
    isUpdateOnly: false,
    expectedTargetId: '',
    movesAtOnce: () => true,
    isTargetKnown: true,
  })
await point('target', 100)
const acknowledged = ['target']
const refused: string[] = []
let code = ''
for (let number = 0; refused.length === 0; number++) {
  // Some at once: those that come while others are being written build upon them.
  const made = [0, 1, 2].map(index => {
    const id = `${number}-${index}`
    return { id, done: register.register({ id, info, lastUsedMs: 1, isAutoDeleted: false }) }
  })
  for (const { id, done } of made) {
    try {
      await done
      acknowledged.push(id)
    } catch (error) {
      refused.push(id)
      code = (error as { code: string }).code
    }
  }
}
// Moving the alias brings a model, and ends the one that only it refers to; all of it or nothing.
const moved = await point('large', 8000).then(
  () => 'moved',
  () => 'not moved',
)
const models = Array.from(register.models(), ({ id }) => id)
const { targetId, activeId } = register.alias('alias')!
const references = [register.referencesTo('target'), register.referencesTo('large')]
process.stdout.write(
  JSON.stringify({ acknowledged, refused, code, moved, targetId, activeId, models, references, events }),
)
