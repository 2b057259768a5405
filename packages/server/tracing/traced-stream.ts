/** The same stream; `onEnd` is called once when it has ended, with what it failed with, or been left. */
export async function* endWithStream<T>(
  stream: AsyncIterable<T>,
  onEnd: (error: unknown) => void,
): AsyncIterable<T> {
  let failure: unknown = null
  try {
    yield* stream
  } catch (error) {
    failure = error
    throw error
  } finally {
    onEnd(failure)
  }
}
