import assert from 'node:assert/strict'
import { test } from 'node:test'
import { guessTask } from './guess-task.ts'
import { findTask } from './tasks.ts'

for (const [architecture, task] of [
  ['DistilBertForSequenceClassification', 'text-classification'],
  ['BertForTokenClassification', 'token-classification'],
  ['RobertaForQuestionAnswering', 'question-answering'],
  ['BertForMaskedLM', 'fill-mask'],
  ['GPT2LMHeadModel', 'text-generation'],
  ['Qwen2ForCausalLM', 'text-generation'],
  ['T5ForConditionalGeneration', 'text2text-generation'],
  ['MarianMTModel', 'translation'],
  ['ViTForImageClassification', 'image-classification'],
  ['DetrForObjectDetection', 'object-detection'],
  ['BertModel', 'feature-extraction'],
] as const) {
  test(`${architecture} is for ${task}`, () => {
    const guess = guessTask({ architectures: [architecture] }, false)
    assert.deepEqual(guess, { task, reason: `config.json names the architecture ${architecture}` })
    assert.equal(findTask(task)?.name, task)
  })
}

test('a model without a head is for features of what it reads', () => {
  assert.equal(guessTask({ architectures: ['Dinov2Model'] }, true).task, 'image-feature-extraction')
})

test('what does not tell is refused with what may be set', () => {
  for (const config of [{}, { architectures: 'BertModel' }, { architectures: [5, 'Whatever'] }]) {
    assert.throws(() => guessTask(config, false), {
      code: 'FAILED_PRECONDITION',
      message:
        /^the task is not set, and config\.json has .*set parameters\.extra\.task to one of text-classif/,
    })
  }
})

test('a task has aliases, and words of its own behind an underscore', () => {
  assert.equal(findTask('ner')?.name, 'token-classification')
  assert.equal(findTask('sentiment-analysis')?.name, 'text-classification')
  assert.equal(findTask('translation_en_to_fr')?.name, 'translation')
  for (const name of ['', 'text-to-audio', 'constructor', '__proto__'])
    assert.equal(findTask(name), undefined)
})
