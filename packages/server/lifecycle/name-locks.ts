/** Runs tasks of one name after each other, and tasks of different names side by side. */
export class NameLocks {
  readonly #tails = new Map<string, Promise<unknown>>()

  run<T>(name: string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(name) ?? Promise.resolve()
    const result = before.then(task, task)
    const tail = result
      .catch(() => undefined)
      .then(() => {
        if (this.#tails.get(name) === tail) this.#tails.delete(name)
      })
    this.#tails.set(name, tail)
    return result
  }

  /** The tasks that run or wait now, by name, each as a promise that does not reject. */
  get tails(): Iterable<Promise<unknown>> {
    return this.#tails.values()
  }
}
