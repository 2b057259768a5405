import { Alert, Button, Stack, Text } from '@mantine/core'

export interface ProblemProps {
  readonly title: string
  readonly error: unknown
  readonly onRetry?: (() => void) | undefined
}

/** Something did not work: what the server says about it, and how to go on. */
export function Problem({ title, error, onRetry }: ProblemProps) {
  return (
    <Alert color="red" title={title} role="alert">
      <Stack gap="xs" align="start">
        <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          {error instanceof Error ? error.message : String(error)}
        </Text>
        {onRetry !== undefined && (
          <Button size="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  )
}
