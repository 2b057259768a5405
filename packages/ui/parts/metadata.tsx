import { Text } from '@mantine/core'
import { Details } from './details.tsx'

/** What was written on something when it was made. */
export function Metadata({
  metadata,
  ifNone = 'None; the metadata of its resource file appears here.',
}: {
  readonly metadata: Readonly<Record<string, string>> | null
  readonly ifNone?: string
}) {
  const entries = Object.entries(metadata ?? {})
  if (entries.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {ifNone}
      </Text>
    )
  }
  return <Details rows={entries} />
}
