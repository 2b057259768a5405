export { ERROR_CODES, type ErrorCode } from './error-codes.ts'
export { isErrorCode, ServingError, type ServingErrorOptions, type Violation } from './serving-error.ts'
