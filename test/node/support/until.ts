import { setTimeout as delay } from 'node:timers/promises'

const PATIENCE_MS = 60_000
const POLL_MS = 50

/** Waits until `condition` holds. @throws after a minute, naming `what` */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MS
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`Still waiting for: ${what}`)
    await delay(POLL_MS)
  }
}
