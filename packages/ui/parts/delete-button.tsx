import { Button, Group, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Dialog } from './dialog.tsx'
import { Problem } from './problem.tsx'
import { tell } from './tell.ts'

export interface DeleteButtonProps {
  /** "application shop". */
  readonly what: string
  /** What goes with it. */
  readonly consequence: ReactNode
  /** Default: "Delete". */
  readonly label?: string
  readonly size?: 'xs' | 'sm'
  readonly onDelete: () => Promise<unknown>
  readonly onDeleted?: () => void
}

/** Asks before it deletes. What is refused stays, with the server's reason. */
export function DeleteButton({
  what,
  consequence,
  label = 'Delete',
  size = 'sm',
  onDelete,
  onDeleted,
}: DeleteButtonProps) {
  const [isOpen, { open, close }] = useDisclosure(false)
  const client = useQueryClient()
  const deletion = useMutation({
    mutationFn: onDelete,
    onSuccess: async () => {
      close()
      tell(`${what} is gone`)
      onDeleted?.()
      await client.invalidateQueries()
    },
  })
  return (
    <>
      <Button
        size={size}
        variant="light"
        color="red"
        aria-label={`${label} ${what}`}
        onClick={() => {
          deletion.reset()
          open()
        }}
      >
        {label}
      </Button>
      <Dialog title={`${label} ${what}?`} isOpen={isOpen} onClose={close}>
        <Stack>
          <Text size="sm">{consequence}</Text>
          {deletion.error !== null && <Problem title="It is still there" error={deletion.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button color="red" loading={deletion.isPending} onClick={() => deletion.mutate()}>
              {label}
            </Button>
          </Group>
        </Stack>
      </Dialog>
    </>
  )
}
