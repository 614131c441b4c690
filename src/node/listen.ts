import { connect, type Server } from 'node:net'
import { errorCode, StartFailure } from './failure.ts'

/** A listener of ours. */
export interface Listener {
  /** The port that was taken, also when any free one was asked for. */
  port: number
  /** Stops listening, and ends every connection. */
  stop(): Promise<void>
}

const ANSWER_MS = 500

/**
 * Has `server` listen, and says which port it got.
 *
 * @param option what the user can change if the port is taken, such as `--port`
 * @throws {StartFailure} when the port or the address cannot be had
 */
export async function listen(server: Server, host: string, port: number, option: string): Promise<number> {
  if (port !== 0 && (await isAnswered(host, port))) throw new StartFailure(takenPort(port, option, process.platform))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', reject)
      resolve()
    })
  }).catch((error: unknown) => {
    throw new StartFailure(refusal(error, host, port, option))
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('A TCP listener has no port')
  return address.port
}

/**
 * What the user reads about a port that somebody else has.
 *
 * @param platform as in `process.platform`
 */
export function takenPort(port: number, option: string, platform: NodeJS.Platform): string {
  if (platform === 'darwin' && (port === 5000 || port === 7000)) {
    return (
      `Cannot listen on port ${port}: AirPlay Receiver of macOS uses it. Turn it off in System Settings, General, ` +
      `AirDrop & Handoff, or choose another port: ${option} ${port + 50}`
    )
  }
  return `Cannot listen on port ${port}: it is taken (choose another: ${option})`
}

/** Addresses at which we are to be reached as `localhost`. */
const REACHED_AS_LOCALHOST = ['127.0.0.1', 'localhost', '0.0.0.0', '::']

/**
 * Whether somebody answers where clients of `localhost` will look for us. macOS lets us listen on 127.0.0.1 beside
 * AirPlay's `*:5000`, and any system beside another's `[::1]:5000`; but some clients would then reach the other one.
 */
async function isAnswered(host: string, port: number): Promise<boolean> {
  if (!REACHED_AS_LOCALHOST.includes(host)) return false
  const answers = await Promise.all(['127.0.0.1', '::1'].map((address) => canConnect(address, port)))
  return answers.includes(true)
}

function canConnect(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: ANSWER_MS })
    const done = (answered: boolean) => {
      socket.destroy()
      resolve(answered)
    }
    socket.once('connect', () => {
      done(true)
    })
    socket.on('error', () => {
      done(false)
    })
    socket.once('timeout', () => {
      done(false)
    })
  })
}

function refusal(error: unknown, host: string, port: number, option: string): string {
  const code = errorCode(error)
  if (code === 'EADDRINUSE') return takenPort(port, option, process.platform)
  if (code === 'EACCES') return `Cannot listen on port ${port}: this user may not (choose one above 1023: ${option})`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return `Cannot listen on "${host}": this machine does not have that address (choose another: --host)`
  }
  return `Cannot listen on "${host}", port ${port}: ${code ?? String(error)}`
}
