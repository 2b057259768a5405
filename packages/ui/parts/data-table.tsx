import { Button, ScrollArea, Stack, Table } from '@mantine/core'
import { type ReactNode, useState } from 'react'

/** Rows that are shown at once; the next ones on demand. */
const ROWS_SHOWN = 100

export interface Column<T> {
  readonly title: string
  readonly cell: (row: T) => ReactNode
}

export interface DataTableProps<T> {
  /** Says what the rows are, to those who do not see them. */
  readonly caption: string
  readonly columns: readonly Column<T>[]
  readonly rows: readonly T[]
  readonly keyOf: (row: T) => string
}

/** Rows and columns, a hundred rows at first; wider than the screen, they scroll by themselves. */
export function DataTable<T>({ caption, columns, rows, keyOf }: DataTableProps<T>) {
  const [shown, setShown] = useState(ROWS_SHOWN)
  const more = Math.min(ROWS_SHOWN, rows.length - shown)
  return (
    <Stack gap="xs" align="stretch">
      <ScrollArea type="auto" viewportProps={{ tabIndex: 0, role: 'group', 'aria-label': caption }}>
        <Table highlightOnHover aria-label={caption} miw={columns.length * 110}>
          <Table.Thead>
            <Table.Tr>
              {columns.map(({ title }) => (
                <Table.Th key={title} scope="col">
                  {title}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.slice(0, shown).map(row => (
              <Table.Tr key={keyOf(row)}>
                {columns.map(({ title, cell }) => (
                  <Table.Td key={title}>{cell(row)}</Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea>
      {more > 0 && (
        <Button
          variant="default"
          size="xs"
          style={{ alignSelf: 'start' }}
          onClick={() => setShown(shown + more)}
        >
          Show {more} more of {rows.length}
        </Button>
      )}
    </Stack>
  )
}
