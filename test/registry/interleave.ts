/**
 * Runs actors in every order of their steps. A step is a call to one of the stores that `instrument` has wrapped: it
 * waits for its turn, acts, and answers before the next step of anybody begins.
 *
 * @param scenario starts the actors anew for each order, and answers them with a check of what they have left behind
 * @returns how many orders there were
 */
export async function everyInterleaving(
  scenario: (instrument: <T extends object>(store: T) => T) => {
    actors: readonly (() => Promise<unknown>)[]
    check: (order: string) => Promise<void>
  },
): Promise<number> {
  let orders = 0
  const pending: number[][] = [[]] // prefixes of choices still to be tried
  for (let prefix = pending.pop(); prefix !== undefined; prefix = pending.pop()) {
    const taken: number[] = []
    const turns: Turn[] = []
    const instrument = <T extends object>(store: T): T =>
      new Proxy(store, {
        get(target, name, receiver) {
          const value: unknown = Reflect.get(target, name, receiver)
          if (typeof value !== 'function') return value
          return (...args: unknown[]) =>
            new Promise((resolve, reject) => {
              turns.push({
                actor: current,
                go: async () => {
                  try {
                    resolve(await (value as (...all: unknown[]) => Promise<unknown>).apply(target, args))
                  } catch (error) {
                    reject(error instanceof Error ? error : new Error(String(error)))
                  }
                },
              })
            })
        },
      })

    let current = 0
    const { actors, check } = scenario(instrument)
    const ended = actors.map((actor, index) => {
      current = index
      return actor().catch(() => undefined)
    })
    await settle()
    while (turns.length > 0) {
      turns.sort((a, b) => a.actor - b.actor)
      const choice = prefix[taken.length] ?? 0
      if (taken.length >= prefix.length)
        for (let other = 1; other < turns.length; other++) pending.push([...taken, other])
      taken.push(choice)
      const [turn] = turns.splice(choice, 1)
      current = turn?.actor ?? 0
      await turn?.go()
      await settle()
    }
    await Promise.all(ended)
    await check(taken.join(''))
    orders++
  }
  return orders
}

interface Turn {
  readonly actor: number
  go(): Promise<void>
}

/** Lets every promise that can go on do so. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
