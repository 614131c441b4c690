/** The platform keeps this many requests to storage waiting for their answer at once; a further one queues there. */
export const STORAGE_CONCURRENCY = 6

/**
 * Calls `act` on every item, at most `STORAGE_CONCURRENCY` at a time, and answers the results in the items' order.
 * After a failure nothing new is begun; it is thrown when what was under way has ended.
 */
export async function forEachOf<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length)
  const queue = items.entries()
  const failures: unknown[] = []
  async function work(): Promise<void> {
    for (const [index, item] of queue) {
      if (failures.length > 0) return
      try {
        results[index] = await act(item)
      } catch (failure) {
        failures.push(failure)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(STORAGE_CONCURRENCY, items.length) }, work))
  if (failures.length > 0) throw failures[0]
  return results
}
