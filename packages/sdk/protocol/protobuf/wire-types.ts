/** How the bytes after a tag are to be read (protobuf encoding, "Message Structure"): the tag's lower three bits. */
export const VARINT = 0
export const FIXED64 = 1
export const LENGTH_DELIMITED = 2
export const FIXED32 = 5
