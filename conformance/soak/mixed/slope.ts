export interface Point {
  readonly seconds: number
  readonly bytes: number
}

export interface Growth {
  readonly bytesPerSecond: number
  /** By the slope, between the first point and the last. */
  readonly totalBytes: number
}

/** The line through points that leaves the least squares. @param points two at least, at different times */
export function slopeOf(points: readonly Point[]): Growth {
  const mean = (of: (point: Point) => number) =>
    points.reduce((total, point) => total + of(point), 0) / points.length
  const [seconds, bytes] = [mean(point => point.seconds), mean(point => point.bytes)]
  let [covariance, variance] = [0, 0]
  for (const point of points) {
    covariance += (point.seconds - seconds) * (point.bytes - bytes)
    variance += (point.seconds - seconds) ** 2
  }
  const bytesPerSecond = variance === 0 ? 0 : covariance / variance
  const spanSeconds = (points.at(-1)?.seconds ?? 0) - (points[0]?.seconds ?? 0)
  return { bytesPerSecond, totalBytes: bytesPerSecond * spanSeconds }
}
