import { setTimeout as delay } from 'node:timers/promises'
import { parseOptions } from './args.ts'
import { StartFailure } from './failure.ts'
import { startLocal, type Local } from './local.ts'
import { endGroupWithThisProcess, killGroup } from './process-group.ts'
import { readyText } from './ready.ts'

const STOP_MS = 2_000

/**
 * The process that the supervisor starts: runs the registry for as long as the channel to the supervisor is open. When
 * it closes, because the supervisor wants so or has died in any way, everything is ended and the process exits.
 *
 * @param bundle makes the Worker, one ES module
 */
export async function runRegistry(bundle: () => Promise<string>): Promise<void> {
  if (!process.connected) {
    console.error('Cannot run by itself: the registry is started with npm start')
    process.exit(1)
  }
  endGroupWithThisProcess()
  // A terminal or pipe that is gone must not end a push that is under way.
  process.stdout.on('error', () => undefined)
  process.stderr.on('error', () => undefined)

  let local: Local | null = null
  process.once('disconnect', () => {
    void end(local)
  })
  try {
    const options = parseOptions(process.argv.slice(2), process.env)
    if (options === null) return
    local = await startLocal({ ...options, script: await bundle() })
    process.stdout.write(readyText(local, options))
  } catch (error) {
    if (!(error instanceof StartFailure)) throw error
    process.stderr.write(`${error.message}\n`, () => process.exit(1))
  }
}

/** Exits with 0; what does not end in time is killed, this process included. */
async function end(local: Local | null): Promise<void> {
  const ended =
    local?.stop().then(
      () => true,
      () => false,
    ) ?? Promise.resolve(true)
  if (!(await Promise.race([ended, delay(STOP_MS, false)]))) killGroup(process.pid)
  process.exit(0)
}
