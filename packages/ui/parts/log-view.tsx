import { Group, Stack, Text } from '@mantine/core'
import { useEffect, useRef } from 'react'
import type { LogState } from '../api/follow-log.ts'
import { useLog } from './use-log.ts'

/** Pixels from the end within which the log keeps to its end. */
const NEAR_END = 40

const SAYS: Readonly<Record<Exclude<LogState['kind'], 'failed'>, string>> = {
  connecting: 'Connecting…',
  live: 'Live',
  ended: 'Complete',
  interrupted: 'Interrupted; trying again…',
}

/** A log that grows while one looks at it. */
export function LogView({ url, label }: { readonly url: string; readonly label: string }) {
  const { lines, firstLine, state } = useLog(url)
  const box = useRef<HTMLPreElement>(null)
  const isAtEnd = useRef(true)
  useEffect(() => {
    const element = box.current
    if (element !== null && isAtEnd.current && lines.length > 0) element.scrollTop = element.scrollHeight
  }, [lines])
  return (
    <Stack gap={4}>
      <Group gap="xs">
        <Text size="xs" c="dimmed" role="status">
          {state.kind === 'failed' ? state.message : SAYS[state.kind]}
        </Text>
        {firstLine > 0 && (
          <Text size="xs" c="dimmed">
            {firstLine} older lines are not shown; millrace logs has them all.
          </Text>
        )}
      </Group>
      <pre
        ref={box}
        className="log"
        role="log"
        aria-label={label}
        tabIndex={0}
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
          isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END
        }}
      >
        {lines.length === 0
          ? state.kind === 'live'
            ? 'Nothing has been written yet.'
            : ' '
          : lines.join('\n')}
      </pre>
    </Stack>
  )
}
