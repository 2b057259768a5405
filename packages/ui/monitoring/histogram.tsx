import type { HistogramJson } from '../api/monitoring-json.ts'

const WIDTH = 320
const HEIGHT = 120

/** How often values lie where. */
export function Histogram({
  histogram,
  label,
}: {
  readonly histogram: HistogramJson
  readonly label: string
}) {
  const { frequencies } = histogram
  const min = histogram.min ?? 0
  const max = histogram.max ?? min
  const step = histogram.step ?? 0
  const most = Math.max(...frequencies, 1)
  const width = WIDTH / Math.max(1, frequencies.length)
  return (
    <figure style={{ margin: 0 }}>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        width="100%"
        role="img"
        aria-label={`${label}: ${frequencies.length} bars from ${shortNumber(min)} to ${shortNumber(max)}, the highest ${most}`}
      >
        {frequencies.map((frequency, index) => {
          const height = (frequency / most) * HEIGHT
          return (
            <rect
              // Bars have no names but their places.
              // oxlint-disable-next-line react/no-array-index-key
              key={index}
              x={index * width + 0.5}
              y={HEIGHT - height}
              width={Math.max(1, width - 1)}
              height={height}
              fill="var(--mantine-primary-color-filled)"
            >
              <title>{`${shortNumber(min + index * step)}: ${frequency}`}</title>
            </rect>
          )
        })}
      </svg>
      <figcaption style={{ display: 'flex', justifyContent: 'space-between', fontSize: '0.75rem' }}>
        <span>{shortNumber(min)}</span>
        <span>{shortNumber(max)}</span>
      </figcaption>
    </figure>
  )
}

function shortNumber(value: number): string {
  return String(Number(value.toPrecision(4)))
}
