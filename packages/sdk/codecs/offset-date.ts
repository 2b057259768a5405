/**
 * A `Date` that remembers the offset from UTC it was written with. As a date it is the same moment as
 * any other; only {@link toOffsetString} and the content type `datetime` make use of the offset.
 */
export class OffsetDate extends Date {
  /** How far its clock is before UTC: -240 for `-04:00`. */
  readonly offsetMinutes: number

  constructor(moment: Date | number | string, offsetMinutes: number) {
    super(moment)
    this.offsetMinutes = offsetMinutes
  }

  /**
   * `2021-08-24T15:01:19.000-04:00`; in UTC where the years 0000 to 9999 do not hold the local time.
   * @throws RangeError for an invalid date
   */
  toOffsetString(): string {
    const local = new Date(this.getTime() + this.offsetMinutes * 60_000).toISOString()
    if (!/^\d{4}-/.test(local)) return this.toISOString()
    const minutes = Math.abs(this.offsetMinutes)
    const [hour, minute] = [Math.floor(minutes / 60), minutes % 60].map(part => String(part).padStart(2, '0'))
    return `${local.slice(0, -1)}${this.offsetMinutes < 0 ? '-' : '+'}${hour}:${minute}`
  }
}
