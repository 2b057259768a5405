import { PROFILES } from '@millrace/sdk'

/** The words that messages list; capitals make no difference. */
export const PROFILE_WORDS: readonly string[] = PROFILES.map(profile => profile.toLowerCase())

/** The profile that a word means, as the manager's JSON has it. */
export function profileOf(word: string): string | undefined {
  return PROFILES.find(profile => profile === word.toUpperCase())
}
