/**
 * The bytes that mean something in JSON (RFC 8259, section 2).
 *
 * Files with hot loops define their own: the engine folds a module's own constants into its
 * code, but loads and checks an imported one each time it is read.
 */
export const SPACE = 0x20
export const QUOTE = 0x22
export const COMMA = 0x2c
export const DIGIT_0 = 0x30
export const COLON = 0x3a
export const OPEN_BRACKET = 0x5b
export const BACKSLASH = 0x5c
export const CLOSE_BRACKET = 0x5d
export const LOWER_F = 0x66
export const LOWER_N = 0x6e
export const LOWER_T = 0x74
export const OPEN_BRACE = 0x7b
export const CLOSE_BRACE = 0x7d
