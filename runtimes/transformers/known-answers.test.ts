import { test } from 'node:test'
import { assertClose } from './close-fixture.ts'
import { ask, knownAnswers, loaded, texts } from './model-fixture.ts'

for (const { model, task, inputs, parameters, expected } of await knownAnswers()) {
  for (const maxBatchSize of [0, 8]) {
    if (maxBatchSize > 0 && task === 'zero-shot-classification') continue
    const options = JSON.stringify(parameters)
    test(`${model}: ${task} ${options}, batches of ${maxBatchSize}, is what Python computes`, async () => {
      const test = await loaded(model, { extra: { task }, maxBatchSize })
      const given = Object.entries(inputs).map(([name, data]) => texts(name, data))
      // One text by itself is answered with its answers, as in Python; a text of a list with a list of them.
      const isList = maxBatchSize > 0 && task === 'text-generation'
      assertClose(await ask(test, given, parameters), isList ? [expected] : expected)
      await test.model.unload()
    })
  }
}
