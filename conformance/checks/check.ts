/** One promise of compatibility with another system. Tests name it in their titles: `check 53: …`, `checks 54, 55: …`. */
export interface Check {
  /** What must hold, in a few words. */
  readonly says: string
  /** Tests elsewhere that show it, too: file from the root of the repository, and title. */
  readonly alsoIn?: readonly (readonly [file: string, title: string])[]
  /** Why nothing shows it yet; such a check appears as a skipped test. */
  readonly pending?: string
}

/** By number. */
export type Checks = Readonly<Record<number, Check>>
