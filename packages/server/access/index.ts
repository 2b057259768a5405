/** Who may call: TLS credentials, API keys, tokens and rate limits, as checks that the listeners ask. */
export { type Access, createAccess, type ListenerAccess } from './access.ts'
export { reportProtection } from './protection-report.ts'
