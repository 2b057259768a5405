import 'uplot/dist/uPlot.min.css'
import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useRef } from 'react'
import UPlot from 'uplot'
import type { ChartSeries } from '../monitoring/chart-series.ts'

export interface TimeChartProps {
  readonly label: string
  readonly series: ChartSeries
  /** Drawn as a broken line across. */
  readonly threshold?: number
}

const HEIGHT = 200

/** One line over time. Its label tells those who do not see it what it shows. */
export function TimeChart({ label, series, threshold }: TimeChartProps) {
  const place = useRef<HTMLDivElement>(null)
  const scheme = useComputedColorScheme('light')
  useEffect(() => {
    const element = place.current!
    const isDark = scheme === 'dark'
    const ink = isDark ? '#c9c9c9' : '#343a40'
    const grid = { stroke: isDark ? '#424242' : '#dee2e6', width: 1 }
    const axis = { stroke: ink, grid, ticks: grid }
    const lines: UPlot.Series[] = [
      {},
      { label, stroke: isDark ? '#3bc9db' : '#0b7285', width: 2, points: { show: true, size: 5 } },
    ]
    const data: UPlot.AlignedData = [[...series.times], [...series.values]]
    if (threshold !== undefined) {
      lines.push({ label: 'threshold', stroke: '#e03131', width: 1, dash: [6, 4], points: { show: false } })
      data.push(series.times.map(() => threshold))
    }
    const plot = new UPlot(
      {
        width: element.clientWidth || 300,
        height: HEIGHT,
        series: lines,
        axes: [axis, { ...axis, size: 60 }],
      },
      data,
      element,
    )
    const resizing = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }))
    resizing.observe(element)
    return () => {
      resizing.disconnect()
      plot.destroy()
    }
  }, [label, series, threshold, scheme])
  return (
    <div
      ref={place}
      role="img"
      aria-label={summaryOf(label, series, threshold)}
      style={{ minHeight: HEIGHT }}
    />
  )
}

function summaryOf(label: string, { values }: ChartSeries, threshold: number | undefined): string {
  const known = values.filter(value => value !== null)
  if (known.length === 0) return `${label}: no values`
  const [least, most] = [Math.min(...known), Math.max(...known)].map(value => Number(value.toPrecision(4)))
  const beyond = threshold === undefined ? '' : `; threshold ${threshold}`
  return `${label}: ${known.length} values from ${least} to ${most}${beyond}`
}
