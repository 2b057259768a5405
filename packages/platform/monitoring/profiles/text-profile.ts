import { createDistinctCount, DISTINCT_STANDARD_ERROR, type DistinctState } from './distinct-count.ts'

/** What is kept of the texts that were seen; JSON keeps it as it is. */
export interface TextState {
  readonly count: number
  readonly missing: number
  readonly tokenSum: number
  readonly characterSum: number
  readonly distinct: DistinctState
}

/** Describes a stream of texts in bounded memory. */
export interface TextProfile {
  /** An empty text counts as missing. */
  add(text: string): void
  merge(state: TextState): void
  readonly state: () => TextState
  readonly view: () => TextView
}

/**
 * As it is shown. What takes a model of a language to say (grammar, lemmas, feelings, which language it is) is `null`:
 * nothing here knows it.
 */
export interface TextView {
  /** `distinctCount` is that of words. */
  readonly commonStatistics: {
    readonly count: number
    readonly distinctCount: number
    readonly missing: number
    readonly distinctCountError: number
  }
  readonly textStatistics: {
    /** Words of a text: runs of letters, digits and their marks. */
    readonly meanTokenLength: number | null
    /** Unicode code points of a text. */
    readonly meanCharacterLength: number | null
    readonly meanDepTreeDepth: null
    readonly meanUniqueLemmaRatio: null
    readonly meanSentimentScore: null
    readonly meanLanguageProba: null
    readonly meanPOSProba: null
  }
}

/** Of a longer text only the beginning is looked at for words; its length counts in full. */
const WORDS_WITHIN = 16_384

const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu

export function createTextProfile(start?: TextState): TextProfile {
  let count = 0
  let missing = 0
  let tokenSum = 0
  let characterSum = 0
  const distinct = createDistinctCount()

  const profile: TextProfile = {
    add(text) {
      count++
      if (text === '') missing++
      characterSum += codePointCount(text)
      for (const [word] of text.slice(0, WORDS_WITHIN).matchAll(WORD)) {
        tokenSum++
        distinct.add(word)
      }
    },
    merge(state) {
      count += state.count
      missing += state.missing
      tokenSum += state.tokenSum
      characterSum += state.characterSum
      distinct.merge(state.distinct)
    },
    state: () => ({ count, missing, tokenSum, characterSum, distinct: distinct.state() }),
    view: () => ({
      commonStatistics: {
        count,
        distinctCount: distinct.count(),
        missing,
        distinctCountError: distinct.isExact() ? 0 : DISTINCT_STANDARD_ERROR,
      },
      textStatistics: {
        meanTokenLength: count === 0 ? null : tokenSum / count,
        meanCharacterLength: count === 0 ? null : characterSum / count,
        meanDepTreeDepth: null,
        meanUniqueLemmaRatio: null,
        meanSentimentScore: null,
        meanLanguageProba: null,
        meanPOSProba: null,
      },
    }),
  }
  if (start !== undefined) profile.merge(start)
  return profile
}

function codePointCount(text: string): number {
  let count = text.length
  for (let at = 1; at < text.length; at++) {
    const isPair = (text.charCodeAt(at) & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800
    if (isPair) count--
  }
  return count
}
