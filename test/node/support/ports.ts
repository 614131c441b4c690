import { connect, createServer, type AddressInfo, type Server } from 'node:net'

/** Listens on `port` of `host`, any free one unless given, and gives the port. */
export async function listenOn(server: Server, port = 0, host = '127.0.0.1'): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return (server.address() as AddressInfo).port
}

export async function close(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve))
}

/** Below those that systems give to outgoing connections: nobody takes such a port by chance while it is free. */
const FIRST_PORT = 20_000
const PORTS = 10_000

/** Two ports, one after the other, that nobody listens on. */
export async function freePorts(): Promise<readonly [number, number]> {
  while (true) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS)
    const free = await Promise.all([port, port + 1].map(canListen))
    if (!free.includes(false)) return [port, port + 1]
  }
}

async function canListen(port: number): Promise<boolean> {
  const server = createServer()
  try {
    await listenOn(server, port)
  } catch {
    return false
  }
  await close(server)
  return true
}

/** Whether anything accepts connections on the port. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => {
      resolve(false)
    })
  })
}
