import { connect as connectPlain } from 'node:net'
import { connect as connectTls } from 'node:tls'

import { concat } from './bytes.ts'
import { readHeaders, type Answer, type Question } from './http.ts'

const ANSWER_TIMEOUT_MS = 120_000

/**
 * HEAD over a bare connection: an HTTP client hides what a server wrongly sends after the headers, and this does not.
 * The answer's `bytes` are all that came after them.
 */
export function askHead({ url, headers }: Pick<Question, 'url' | 'headers'>): Promise<Answer> {
  const { protocol, hostname, port, host, pathname, search } = new URL(url)
  const tls = protocol === 'https:'
  const address = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port === '' ? (tls ? 443 : 80) : port) }
  const lines = Object.entries({ Host: host, Connection: 'close', ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  return new Promise((resolve, reject) => {
    const socket = tls ? connectTls({ ...address, servername: address.host }) : connectPlain(address)
    const chunks: Uint8Array[] = []
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy(new Error('the connection was not closed after HEAD')))
    socket.on('error', reject)
    socket.on('data', (chunk: Uint8Array) => chunks.push(chunk))
    socket.on('end', () => {
      socket.end()
      const received = concat(chunks)
      const text = new TextDecoder('latin1').decode(received) // a character for each byte
      const end = text.indexOf('\r\n\r\n')
      const [statusLine = '', ...fields] = text.slice(0, Math.max(end, 0)).split('\r\n')
      const [, status] = /^HTTP\/1\.[01] (\d{3})/.exec(statusLine) ?? []
      if (end < 0 || status === undefined) {
        reject(new Error('the answer to HEAD is not HTTP'))
        return
      }
      const values = readHeaders(fields.flatMap((field) => (/^([^:]+):\s*(.*)$/.exec(field) ?? ['']).slice(1)))
      const bytes = received.subarray(end + 4)
      resolve({ method: 'HEAD', url, status: Number(status), values, bytes, redirects: [] })
    })
    socket.write(`HEAD ${pathname}${search} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  })
}
