import { Badge } from '@mantine/core'

/** By status in lower case: the manager's generations differ in capitals. */
const COLORS: Readonly<Record<string, string>> = {
  released: 'teal',
  ready: 'teal',
  serving: 'teal',
  success: 'teal',
  assembling: 'blue',
  starting: 'blue',
  processing: 'blue',
  failed: 'red',
  failure: 'red',
  notserving: 'red',
  notavailable: 'red',
}

/** A state of something; its reason is the title. */
export function StatusBadge({
  status,
  message,
}: {
  readonly status: string
  readonly message?: string | null
}) {
  return (
    <Badge
      variant="light"
      color={COLORS[status.toLowerCase()] ?? 'gray'}
      title={message ?? undefined}
      tt="none"
    >
      {status}
    </Badge>
  )
}
