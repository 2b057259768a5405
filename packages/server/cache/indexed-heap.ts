/** A heap that knows where each of its members is, so that any of them can leave or move in O(log n). */
export class IndexedHeap<T extends object> {
  readonly #isBefore: (a: T, b: T) => boolean
  readonly #items: T[] = []
  readonly #places = new Map<T, number>()

  /** @param isBefore a strict order */
  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore
  }

  get size(): number {
    return this.#items.length
  }

  /** The one before all others. */
  get first(): T | undefined {
    return this.#items[0]
  }

  has(item: T): boolean {
    return this.#places.has(item)
  }

  /** Does nothing for a member. */
  add(item: T): void {
    if (this.#places.has(item)) return
    this.#items.push(item)
    this.#places.set(item, this.#items.length - 1)
    this.#rise(this.#items.length - 1)
  }

  /** False for what is no member. */
  remove(item: T): boolean {
    const place = this.#places.get(item)
    if (place === undefined) return false
    this.#places.delete(item)
    const last = this.#items.pop()!
    if (last === item) return true
    this.#items[place] = last
    this.#places.set(last, place)
    this.#settle(place)
    return true
  }

  /** What a member's place depends on has changed. */
  moved(item: T): void {
    const place = this.#places.get(item)
    if (place !== undefined) this.#settle(place)
  }

  #settle(place: number): void {
    this.#sink(this.#rise(place))
  }

  #rise(from: number): number {
    let place = from
    while (place > 0) {
      const above = (place - 1) >> 1
      if (!this.#isBefore(this.#items[place]!, this.#items[above]!)) break
      this.#swap(place, above)
      place = above
    }
    return place
  }

  #sink(from: number): void {
    let place = from
    for (;;) {
      const left = 2 * place + 1
      const right = left + 1
      let least = place
      if (left < this.#items.length && this.#isBefore(this.#items[left]!, this.#items[least]!)) least = left
      if (right < this.#items.length && this.#isBefore(this.#items[right]!, this.#items[least]!))
        least = right
      if (least === place) return
      this.#swap(place, least)
      place = least
    }
  }

  #swap(a: number, b: number): void {
    const one = this.#items[a]!
    const other = this.#items[b]!
    this.#items[a] = other
    this.#items[b] = one
    this.#places.set(other, a)
    this.#places.set(one, b)
  }
}
