/**
 * Named moments that a test and the models of its folder share: either side waits for what the other
 * does. Models find `moment` under {@link MOMENT}; every moment happens once.
 */
const moments = new Map<string, PromiseWithResolvers<string>>()

export function moment(name: string): PromiseWithResolvers<string> {
  let found = moments.get(name)
  if (found === undefined) {
    found = Promise.withResolvers()
    moments.set(name, found)
  }
  return found
}

const KEY = 'millrace.test.moment'
Reflect.set(globalThis, Symbol.for(KEY), moment)

/** What the text of a model begins with that uses moments. */
export const MOMENT = `const moment = globalThis[Symbol.for('${KEY}')]\n`
