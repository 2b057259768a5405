/** Who has how much of the budget, in bytes. Whatever is counted here is really taken, or about to be. */
export class MemorySpace {
  budget: number
  /** Loaded, being loaded, and not yet free again. */
  #used = 0
  /** The part of it that is on its way out. */
  #leaving = 0
  /** What failed unloads have not given back. */
  #lost = 0

  constructor(budget: number) {
    this.budget = budget
  }

  get used(): number {
    return this.#used
  }

  get leaving(): number {
    return this.#leaving
  }

  get lost(): number {
    return this.#lost
  }

  /** What models can have. */
  get usable(): number {
    return Math.max(this.budget - this.#lost, 0)
  }

  /** Whether so much more is free now. */
  hasRoom(bytes: number): boolean {
    return this.#used + bytes <= this.usable
  }

  /** What is missing for so much more when all that leaves has left; none if 0 or less. */
  missing(bytes: number): number {
    return this.#used - this.#leaving + bytes - this.usable
  }

  take(bytes: number): void {
    this.#used += bytes
  }

  leave(bytes: number): void {
    this.#leaving += bytes
  }

  /** What was leaving is free, or lost. */
  left(bytes: number, isFree: boolean): void {
    this.#leaving -= bytes
    this.#used -= bytes
    if (!isFree) this.#lost += bytes
  }

  /** What was lost has become free after all. */
  found(bytes: number): void {
    this.#lost -= bytes
  }
}
