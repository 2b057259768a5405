import { ContractModel, defineContract, type InputValues, type RequestContext } from '@millrace/sdk'

const contract = defineContract({
  inputs: {
    text: { datatype: 'BYTES', shape: [-1], contentType: 'str', profile: 'TEXT' },
  },
  outputs: {
    /** From -1, all bad, to 1, all good. */
    score: { datatype: 'FP32', shape: [-1], profile: 'NUMERICAL' },
    label: { datatype: 'BYTES', shape: [-1], contentType: 'str', profile: 'CATEGORICAL' },
    /** The word just read; only streams have it. */
    word: { datatype: 'BYTES', shape: [-1], contentType: 'str', profile: 'TEXT', isOptional: true },
  },
})

type Inputs = InputValues<typeof contract>

/** Judges English text by the words in it that carry a feeling. */
export class SentimentWords extends ContractModel(contract) {
  override predict({ text }: Inputs) {
    const scores = text.map(scoreOf)
    return { score: scores, label: scores.map(labelOf) }
  }

  /** Reads the texts aloud, one after the other: each word with the score of its text so far. */
  override async *predictStream({ text }: Inputs, { signal }: RequestContext) {
    for (const { word, score } of text.flatMap(readWords)) {
      if (signal.aborted) return
      yield { word: [word], score: [score], label: [labelOf(score)] }
    }
  }
}

interface Reading {
  readonly word: string
  /** The mean weight of the words of feeling up to here; 0 before the first one. */
  readonly score: number
}

function scoreOf(text: string): number {
  return readWords(text).at(-1)?.score ?? 0
}

function labelOf(score: number): string {
  if (Math.abs(score) < 0.1) return 'neutral'
  return score > 0 ? 'positive' : 'negative'
}

function readWords(text: string): Reading[] {
  let total = 0
  let count = 0
  let isNegated = false

  return (text.match(/\S+/g) ?? []).map(word => {
    const plain = word
      .toLowerCase()
      .replaceAll('’', "'")
      .replaceAll(/[^a-z']/g, '')
    const weight = WEIGHTS.get(plain)
    if (weight !== undefined) {
      // "Not good" is bad, but "bad" is worse.
      total += isNegated ? -weight / 2 : weight
      count += 1
      isNegated = false
    } else if (NEGATION.test(plain)) {
      isNegated = true
    }
    // A "not" reaches as far as the next comma or full stop.
    if (/[.,;:!?]$/.test(word)) isNegated = false
    return { word, score: count === 0 ? 0 : total / count }
  })
}

const NEGATION = /^(?:not|no|never|neither|nor|without|hardly|cannot|.+n't)$/

const WEIGHTS = new Map([
  ...words(1, 'adore brilliant excellent fantastic love loved loves magnificent perfect superb wonderful'),
  ...words(0.7, 'beautiful best charming delicious delightful fun great happy impressive recommend'),
  ...words(0.4, 'calm clean clever comfortable easy enjoy fine friendly good nice pleasant'),
  ...words(-0.4, 'boring clumsy dull late noisy odd plain sad slow weak'),
  ...words(-0.7, 'annoying bad broken dirty disappointing poor rude ugly unhappy wrong'),
  ...words(-1, 'awful disgusting dreadful hate hated horrible terrible unusable useless worst'),
])

function words(weight: number, list: string): [word: string, weight: number][] {
  return list.split(' ').map(word => [word, weight])
}
