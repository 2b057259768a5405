/** Clock ticks that one core has spent on processes since the machine started, whoever they belong to. */
export interface CoreTicks {
  /** User and system time; interrupts are left out, because most of them are the load's own packets. */
  readonly busy: number
  /** What the machine below took away from this one. */
  readonly stolen: number
}

/**
 * Reads one core's line of `/proc/stat` (proc_stat(5)).
 * @throws Error when there is no such line
 */
export function parseCoreTicks(text: string, core: number): CoreTicks {
  const line = new RegExp(`^cpu${core} (.*)$`, 'm').exec(text)
  const fields = line?.[1]?.trim().split(/ +/).map(Number) ?? []
  const [user, nice, system, , , , , stolen] = fields
  if (user === undefined || nice === undefined || system === undefined || fields.some(Number.isNaN)) {
    throw new Error(`/proc/stat has no figures for core ${core}`)
  }
  return { busy: user + nice + system, stolen: stolen ?? 0 }
}
