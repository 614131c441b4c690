import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { expect, onTestFinished, test } from 'vitest'
import { StartFailure } from '../../src/node/failure.ts'
import { listen, takenPort } from '../../src/node/listen.ts'
import { close, listenOn } from './support/ports.ts'

const hasIPv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
)

test.each([
  [5000, '--port', 'linux', 'Cannot listen on port 5000: it is taken (choose another: --port)'],
  [6000, '--port', 'darwin', 'Cannot listen on port 6000: it is taken (choose another: --port)'],
  [5001, '--storage-port', 'linux', 'Cannot listen on port 5001: it is taken (choose another: --storage-port)'],
] as const)('port %i of %s on %s: %s', (port, option, platform, message) => {
  expect(takenPort(port, option, platform)).toBe(message)
})

test('port 5000 of macOS: AirPlay Receiver is named, and how to turn it off', () => {
  const message = takenPort(5000, '--port', 'darwin')
  expect(message).toMatch(/AirPlay Receiver.*System Settings.*--port 5050/)
  expect(message).not.toContain('\n')
})

test.each(['127.0.0.1', '0.0.0.0', 'localhost'])('a port taken on 127.0.0.1 is refused on %s', async (host) => {
  const other = createServer()
  onTestFinished(() => close(other))
  const port = await listenOn(other)
  await expect(listen(createServer(), host, port, '--port')).rejects.toThrow(
    takenPort(port, '--port', process.platform),
  )
})

test.runIf(hasIPv6)('a port that another answers on as localhost is refused', async () => {
  const other = createServer()
  onTestFinished(() => close(other))
  const port = await listenOn(other, 0, '::1')
  await expect(listen(createServer(), '127.0.0.1', port, '--port')).rejects.toThrow('it is taken')
})

test('an address of another machine is refused', async () => {
  // 192.0.2.0/24 is for documentation (RFC 5737): no machine has it.
  await expect(listen(createServer(), '192.0.2.1', 0, '--port')).rejects.toThrow(
    new StartFailure('Cannot listen on "192.0.2.1": this machine does not have that address (choose another: --host)'),
  )
})

test('port 0 takes a free port', async () => {
  const server = createServer()
  onTestFinished(() => close(server))
  const port = await listen(server, '127.0.0.1', 0, '--port')
  expect(port).toBeGreaterThan(0)
})
