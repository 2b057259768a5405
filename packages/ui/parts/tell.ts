import { notifications } from '@mantine/notifications'

const SHOWN_MS = 5_000

/** Says in a corner of the page, for a few seconds, that something was done. */
export function tell(message: string): void {
  notifications.show({
    message,
    color: 'teal',
    role: 'status',
    autoClose: SHOWN_MS,
    withBorder: true,
    closeButtonProps: { 'aria-label': 'Close this message' },
  })
}
