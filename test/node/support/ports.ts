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

/** Two ports, one after the other, that nobody listens on. */
export async function freePorts(): Promise<readonly [number, number]> {
  while (true) {
    const [first, second] = [createServer(), createServer()]
    const port = await listenOn(first)
    const next =
      port < 65535 &&
      (await listenOn(second, port + 1).then(
        () => true,
        () => false,
      ))
    await close(first)
    if (!next) continue
    await close(second)
    return [port, port + 1]
  }
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
