import { ScrollArea, VisuallyHidden } from '@mantine/core'
import { type KeyboardEvent, useRef } from 'react'
import { type Batch, type Cell, type HeatRow, heatColor } from './heat-grid-rows.ts'

export interface HeatGridProps {
  readonly rows: readonly HeatRow[]
  /** Columns, newest first. */
  readonly batches: readonly Batch[]
  /** First id of the batch that is looked at. */
  readonly chosen: string
  readonly onChoose: (first: string) => void
}

/** Batches across, fields and metrics down. One column is chosen, by pointer or by the arrow keys. */
export function HeatGrid({ rows, batches, chosen, onChoose }: HeatGridProps) {
  const head = useRef<HTMLTableRowElement>(null)
  const onKeyDown = (event: KeyboardEvent) => {
    const place = batches.findIndex(({ first }) => first === chosen)
    const to = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: batches.length - 1 }[event.key]
    const batch = to === undefined ? undefined : batches[to]
    if (to === undefined || batch === undefined) return
    event.preventDefault()
    onChoose(batch.first)
    head.current?.querySelectorAll('button')[to]?.focus()
  }
  return (
    <ScrollArea type="auto" pb="sm">
      <table className="heat-grid" aria-label="Checks by batch">
        <thead>
          <tr ref={head} onKeyDown={onKeyDown}>
            <th scope="col">
              <VisuallyHidden>Field or metric</VisuallyHidden>
            </th>
            {batches.map(({ first, requests }, index) => (
              <th key={first} scope="col">
                <button
                  type="button"
                  className="heat-batch"
                  aria-pressed={first === chosen}
                  aria-label={`Batch ${index + 1}, ${requests} requests`}
                  title={`${requests} requests`}
                  tabIndex={first === chosen ? 0 : -1}
                  onClick={() => onChoose(first)}
                >
                  {index + 1}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, kind, cells }) => (
            <tr key={`${kind}-${name}`}>
              <th scope="row">
                {name} <small>{kind}</small>
              </th>
              {cells.map((cell, index) => {
                const { first } = batches[index]!
                const text = cellText(cell)
                return (
                  // The batch is chosen by the button above by those who have no pointer.
                  <td
                    key={first}
                    title={`${name}: ${text}`}
                    style={cell === undefined ? undefined : { background: heatColor(cell) }}
                    onClick={() => onChoose(first)}
                  >
                    <VisuallyHidden>{text}</VisuallyHidden>
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollArea>
  )
}

function cellText(cell: Cell | undefined): string {
  return cell === undefined ? 'not checked' : `${cell.passed} of ${cell.checked} passed`
}
