import { Button, CopyButton, Group, Stack } from '@mantine/core'

/** Text of a program, to be copied. */
export function CodeText({ label, text }: { readonly label: string; readonly text: string }) {
  return (
    <Stack gap="xs">
      <pre className="log" tabIndex={0} role="group" aria-label={label}>
        {text}
      </pre>
      <Group>
        <CopyButton value={text}>
          {({ copied, copy }) => (
            <Button size="xs" variant="default" onClick={copy}>
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
      </Group>
    </Stack>
  )
}
