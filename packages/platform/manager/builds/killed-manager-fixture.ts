/** A manager of its own process, to be killed. Says its port on standard output. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { openStore } from '../../store/index.ts'
import { createManager } from '../manager.ts'
import { NO_DRIVER, QUIET } from '../test/manager-bed.ts'

const folder = process.argv[2]!
const manager = await createManager({
  store: await openStore({ file: join(folder, 'millrace.db') }),
  driver: NO_DRIVER,
  dataFolder: join(folder, 'data'),
  log: QUIET,
  buildInfo: { version: '0.0.0' },
})
const server = createServer((request, response) => manager.http.handle(request, response))
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
})
