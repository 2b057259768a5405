/** What is left of loads that were given up, by the name of the model, until it is gone too. */
export class Leftovers {
  readonly #byName = new Map<string, Set<Promise<void>>>()

  /** @param gone settles when nothing is left; with what does not matter */
  add(name: string, gone: Promise<void>): void {
    const ofName = this.#byName.get(name) ?? new Set()
    this.#byName.set(name, ofName)
    const settled = gone
      .catch(() => undefined)
      .then(() => {
        ofName.delete(settled)
        if (ofName.size === 0 && this.#byName.get(name) === ofName) this.#byName.delete(name)
      })
    ofName.add(settled)
  }

  of(name: string): Iterable<Promise<void>> {
    return this.#byName.get(name) ?? []
  }
}
