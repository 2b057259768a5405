import { loadFinding } from './finding.ts'
import { askGoodRequests } from './target/good-requests.ts'
import type { ServerProcess } from './target/server-process.ts'
import { judge } from './verdict/judge.ts'
import { Client } from './wire/client.ts'

/** Sends the inputs of a finding again, one after the other. Resolves with what is wrong now. */
export async function replay(
  server: ServerProcess,
  path: string,
  print: (line: string) => void,
): Promise<readonly string[]> {
  const { phase, index, complaint, inputs } = await loadFinding(path)
  print(`${phase}, input ${index}, was found with: ${complaint}`)
  const complaints: string[] = []
  const client = new Client(server.ports)
  for (const input of inputs) {
    const outcome = await client.send(input)
    print(
      JSON.stringify(outcome, (_, value: unknown) =>
        isBuffer(value) ? Buffer.from(value.data).toString('latin1') : value,
      ),
    )
    const found = judge(input, outcome)
    if (found !== undefined) complaints.push(found)
  }
  client.close()
  const trouble = server.trouble() ?? (await askGoodRequests(server.ports))
  if (trouble !== undefined) complaints.push(trouble)
  for (const found of complaints) print(`FAILED ${found}`)
  return complaints
}

function isBuffer(value: unknown): value is { readonly data: readonly number[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    value.type === 'Buffer' &&
    'data' in value
  )
}
