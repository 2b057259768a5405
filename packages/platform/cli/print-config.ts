import type { LoadedServerSettings } from '@millrace/server'

/** Every setting as `name = value   (origin)`, in columns. */
export function configText({ fields, origins }: LoadedServerSettings): string {
  const rows = Object.entries(fields).map(([name, value]) => [
    name,
    JSON.stringify(value),
    origins.get(name) ?? 'default',
  ])
  const width = (column: number) => Math.max(...rows.map(row => row[column]!.length))
  const nameWidth = width(0)
  const valueWidth = Math.min(width(1), 48)
  return rows
    .map(([name, value, origin]) => `${name!.padEnd(nameWidth)}  ${value!.padEnd(valueWidth)}  ${origin}\n`)
    .join('')
}
