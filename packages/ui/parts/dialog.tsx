import { Modal, type ModalProps } from '@mantine/core'
import type { ReactNode } from 'react'

export interface DialogProps {
  readonly title: string
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly size?: NonNullable<ModalProps['size']>
  readonly children: ReactNode
}

/** What is asked or shown in front of a page. */
export function Dialog({ title, isOpen, onClose, size = 'md', children }: DialogProps) {
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title={title}
      size={size}
      closeButtonProps={{ 'aria-label': 'Close' }}
      // It heads the dialog, and not the page, which has a banner already.
      attributes={{ header: { role: 'presentation' } }}
    >
      {children}
    </Modal>
  )
}
