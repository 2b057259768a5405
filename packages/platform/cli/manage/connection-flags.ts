import type { Command } from 'commander'
import { headerList } from '../flag-values.ts'

/** How commands of the platform find their server. */
export interface ConnectionFlags {
  readonly server?: string
  readonly cluster?: string
  readonly header?: Readonly<Record<string, string>>
  readonly insecure?: boolean
}

/** Behind the flags of a command's help. */
export const CONNECTION_TEXT = `
The server is the first of: --server, --cluster, MILLRACE_SERVER, the current cluster of ~/.hs/config.yaml (MILLRACE_CONFIG
names another file), http://127.0.0.1:8080.
`

export function withConnection(command: Command): Command {
  return command
    .option('--server <url>', 'the platform to speak to (default: http://127.0.0.1:8080)')
    .option('--cluster <name>', 'the platform of that name, see millrace cluster')
    .option('--header <header>', "a header 'Name: value' of every request; may be repeated", headerList)
    .option('--insecure', 'with https://, do not check who the server is')
}
