interface Places {
  /** Latitude and longitude of one place after the other, in degrees. */
  readonly data: Float64Array
}

const EARTH_RADIUS_KM = 6371

/** How far it is from each place to the other of its trip, as the crow flies. */
export function measure({ from, to }: { readonly from: Places; readonly to: Places }) {
  const count = from.data.length / 2
  if (to.data.length !== from.data.length)
    throw new RangeError('from and to have different numbers of places')
  const kilometres = Float64Array.from({ length: count }, (_, trip) =>
    distance(from.data.subarray(2 * trip, 2 * trip + 2), to.data.subarray(2 * trip, 2 * trip + 2)),
  )
  return { kilometres: { shape: [count], data: kilometres } }
}

/** The haversine formula. */
function distance(
  [fromLatitude = 0, fromLongitude = 0]: Float64Array,
  [toLatitude = 0, toLongitude = 0]: Float64Array,
): number {
  const haversine =
    halfSineSquared(toLatitude - fromLatitude) +
    Math.cos(radians(fromLatitude)) *
      Math.cos(radians(toLatitude)) *
      halfSineSquared(toLongitude - fromLongitude)
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.sqrt(haversine))
}

function halfSineSquared(degrees: number): number {
  return Math.sin(radians(degrees) / 2) ** 2
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180
}
