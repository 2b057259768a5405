// Runs servables in the data folder that it is told, as the control plane does, until it is killed.
import { createProcessDriver } from '../process-driver.ts'

const [, , dataFolder, modelFolder, program, mark] = process.argv
const say = (line: string) => process.stdout.write(`${line}\n`)
const ignore = () => {}
const driver = createProcessDriver({
  builtInCommand: [process.execPath],
  dataFolder: dataFolder!,
  log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
})
await driver.cleanUp()
say('clean')
for (const behaviour of ['parent', 'stubborn']) {
  const deployment = driver.deploy({
    name: behaviour,
    modelName: 'm',
    modelVersion: 1,
    modelFolder: modelFolder!,
    runtime: { kind: 'program', command: [process.execPath, program!], protocol: 'G3' },
    replicas: 1,
    environment: { BEHAVIOUR: behaviour, DEPLOY_TEST_MARK: mark! },
    limits: { memoryBytes: 2 ** 40 },
  })
  deployment.onChange(() => say(`${behaviour} ${deployment.status.state}`))
}
