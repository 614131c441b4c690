import type { Scenario } from '../explorer/explore.ts'
import { createWorld, type Client, type World, type WorldOptions } from './world.ts'

/** What one client does. */
export type Act = (client: Client) => Promise<unknown>

/** Clients that all begin at once, each doing its own. */
export function scenarioOf(
  options: WorldOptions,
  acts: readonly Act[],
  check: (world: World) => Promise<void>,
): Scenario {
  return (run) => {
    const world = createWorld(run, options)
    acts.forEach((act, index) => {
      world.client(NAMES.charAt(index), async (client) => {
        await act(client)
      })
    })
    return () => check(world)
  }
}

const NAMES = 'abcdefgh'
