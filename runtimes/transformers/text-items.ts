import type { PreTrainedTokenizer } from '@huggingface/transformers'
import { type Conversation, conversationCodec, ServingError } from '@millrace/sdk'

/** A text, or what was said in a conversation. */
export type TextItem = string | Conversation

export interface TextItems {
  readonly items: readonly TextItem[]
  /** Whether it was one, and not a list of one. */
  readonly isSingle: boolean
}

/**
 * Texts or conversations of an input.
 * @throws ServingError INVALID_ARGUMENT for anything else, and for texts that are too long
 */
export function readTexts(value: unknown, name: string, maxCharacters: number): TextItems {
  const isSingle = typeof value === 'string' || isConversation(value)
  const items: readonly unknown[] = isSingle ? [value] : Array.isArray(value) ? value : [value]
  for (const [index, item] of items.entries()) {
    if (typeof item !== 'string' && !isConversation(item)) {
      throw invalid(
        `input '${name}', element ${index} is neither a text nor a conversation, which is a list of {"role", "content"}`,
      )
    }
    const count =
      typeof item === 'string' ? item.length : item.reduce((sum, { content }) => sum + content.length, 0)
    if (count <= maxCharacters) continue
    throw invalid(
      `input '${name}', element ${index} has ${count} characters; at most ${maxCharacters} are allowed (max_text_characters)`,
    )
  }
  return { items: items as readonly TextItem[], isSingle }
}

/**
 * Refuses a text of more tokens than the model reads, for those who do not want it cut.
 * @param pair what is read together with it
 * @throws ServingError INVALID_ARGUMENT with both numbers
 */
export function assertFits(tokenizer: PreTrainedTokenizer, item: TextItem, pair: string | null): void {
  const text =
    typeof item === 'string'
      ? item
      : tokenizer.apply_chat_template([...item], { tokenize: false, add_generation_prompt: true })
  const count = tokenizer.encode(text, { text_pair: pair }).length
  const most = Number(tokenizer.model_max_length)
  if (count <= most) return
  throw invalid(`a text has ${count} tokens; the model reads at most ${most}, and truncation is off`)
}

function isConversation(value: unknown): value is Conversation {
  return conversationCodec.canEncode([value])
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
