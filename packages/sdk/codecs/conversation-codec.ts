import { createElementCodec } from './element-codec.ts'
import type { TensorCodec } from './tensor-codec.ts'

/** Something that was said in a conversation. */
export interface ConversationMessage {
  /** Who said it: mostly `system`, `user` or `assistant`. */
  readonly role: string
  readonly content: string
}

/** What was said, first to last. */
export type Conversation = readonly ConversationMessage[]

/**
 * `hg_conversation`: each element is a JSON text of one conversation. It is written as
 * `{"messages": [{"role", "content"}]}`; a bare list of messages is read too, and the older form of
 * `past_user_inputs`, `generated_responses` and `new_user_input`.
 */
export const conversationCodec: TensorCodec<readonly Conversation[]> = {
  ...createElementCodec<Conversation>({
    contentType: 'hg_conversation',
    meaning: 'a conversation, which is a JSON text such as {"messages":[{"role":"user","content":"hello"}]}',
    canEncode: isConversation,
    write: conversation => JSON.stringify({ messages: conversation }),
    read: (_, text) => readConversation(JSON.parse(text())),
  }),
  // An empty list may be anything.
  canEncode: (value): value is readonly Conversation[] =>
    Array.isArray(value) && value.length > 0 && value.every(element => isConversation(element)),
}

function readConversation(value: unknown): Conversation {
  const list = Array.isArray(value) ? (value as readonly unknown[]) : messagesOf(value)
  return list.map(message => {
    if (!isMessage(message)) throw new TypeError('a message has no role or no content')
    return { role: message.role, content: message.content }
  })
}

function messagesOf(value: unknown): readonly unknown[] {
  if (typeof value !== 'object' || value === null) throw new TypeError('neither a list nor an object')
  const { messages, past_user_inputs, generated_responses, new_user_input, text } = value as Readonly<
    Record<string, unknown>
  >
  if (Array.isArray(messages)) return messages
  const asked = listOf(past_user_inputs)
  const answered = listOf(generated_responses)
  const latest = new_user_input ?? text
  const turns = asked.flatMap((content, index) => [
    { role: 'user', content },
    ...(index < answered.length ? [{ role: 'assistant', content: answered[index] }] : []),
  ])
  return latest === undefined || latest === null ? turns : [...turns, { role: 'user', content: latest }]
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new TypeError('expected a list')
  return value
}

function isConversation(value: unknown): value is Conversation {
  return Array.isArray(value) && value.length > 0 && value.every(isMessage)
}

function isMessage(value: unknown): value is ConversationMessage {
  if (typeof value !== 'object' || value === null) return false
  const { role, content } = value as Readonly<Record<string, unknown>>
  return typeof role === 'string' && typeof content === 'string'
}
