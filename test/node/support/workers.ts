import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'

/** Stand-ins for the Worker behind a front, each with one habit that has broken pushes or pulls. */

/** Answers when the client has said all. */
export function answersAtTheEnd(): Server {
  return createServer({ allowHalfOpen: true }, (socket) => {
    void text(socket).then((question) => socket.end(`you said ${question}`))
  })
}

/** As workerd does it: answers, and closes with the body unread, which resets the connection. */
export function answersBeforeTheBody(): Server {
  return createServer((socket) => {
    socket.once('data', () => {
      socket.pause()
      socket.write('HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\nno', () => socket.destroy())
    })
  })
}

/** Sends for as long as there is somebody. */
export function talksWithoutEnd(): Server {
  return createServer({ allowHalfOpen: true }, (socket) => {
    const talk = () => socket.writable && socket.write(new Uint8Array(1_000_000))
    socket.on('drain', talk)
    socket.resume()
    talk()
  })
}

/** What a client hears that pushes a large body, and listens only until it is closed. */
export async function answerToPush(client: Socket): Promise<string> {
  client.on('error', () => undefined)
  const push = () => client.writable && client.write(new Uint8Array(1_000_000))
  client.on('drain', push)
  client.write('PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n')
  push()
  let answer = ''
  client.on('data', (chunk: Buffer) => (answer += chunk.toString()))
  await once(client, 'close')
  return answer
}
