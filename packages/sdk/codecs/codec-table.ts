import { ServingError } from '../errors/index.ts'

/** Codecs by content type, in a fixed order: that in which each content type was first added. */
export interface CodecTable<C extends { readonly contentType: string }> {
  /** A codec of the same content type takes the place of the earlier one, in the order too. */
  add(codec: C): void
  find(contentType: string): C | undefined
  /** @throws ServingError INVALID_ARGUMENT naming `owner`, if there is one, and the known content types */
  get(contentType: string, owner?: string): C
  /** The first that accepts. */
  first(accepts: (codec: C) => boolean): C | undefined
}

/**
 * @param elsewhere what to say of a content type that is known, but to another table
 */
export function createCodecTable<C extends { readonly contentType: string }>(
  elsewhere: (contentType: string) => string | undefined,
): CodecTable<C> {
  const codecs = new Map<string, C>()
  return {
    add(codec) {
      codecs.set(codec.contentType, codec)
    },
    find: contentType => codecs.get(contentType),
    get(contentType, owner) {
      const codec = codecs.get(contentType)
      if (codec !== undefined) return codec
      const known = Array.from(codecs.keys(), name => `'${name}'`).join(', ')
      const subject = owner === undefined ? '' : `${owner}: `
      const what = elsewhere(contentType) ?? 'is not known'
      throw new ServingError(
        'INVALID_ARGUMENT',
        `${subject}content type '${contentType}' ${what}; known are ${known}`,
      )
    },
    first: accepts => Array.from(codecs.values()).find(accepts),
  }
}
