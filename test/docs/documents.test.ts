import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

import { describe, expect, onTestFinished, test } from 'vitest'

import { freePorts, isListening } from '../node/support/ports.ts'
import { temporaryFolder } from '../node/support/temporary.ts'
import { until } from '../node/support/until.ts'
import { createCheckout, type Checkout } from './support/checkout.ts'
import { commandBlocks, documents } from './support/markdown.ts'

const THIS_FILE = 'test/docs/documents.test.ts'
const READY = 'Roadstead is ready'
const DEFAULT_PORT = 5000
const STOP_MS = 10_000

const EXECUTED = documents().flatMap((document) => {
  const blocks = commandBlocks(document).filter(({ proof }) => proof.kind === 'run by' && proof.file === THIS_FILE)
  return blocks.length === 0 ? [] : [{ document, blocks }]
})

test('some documents have blocks to execute', () => {
  expect(EXECUTED.map(({ document }) => document)).toContain('README.md')
})

describe.each(EXECUTED)('$document', ({ blocks }) => {
  test('does what it says, block after block, in a fresh checkout', async () => {
    const checkout = createCheckout(temporaryFolder())
    const remap = await portsOf()
    for (const { line, text } of blocks) {
      const { status, output, registry } = await runBlock(remap(text), checkout)
      expect(status === 0 || registry !== null, `line ${line} ended with ${status}:\n${output}`).toBe(true)
      if (registry !== null) expect((await fetch(`${registry}/v2/`)).status).toBe(401)
    }
  })
})

/** The text as it is, or on other ports where somebody else has taken those of the document. */
async function portsOf(): Promise<(text: string) => string> {
  const taken = await Promise.all([DEFAULT_PORT, DEFAULT_PORT + 1].map(isListening))
  if (!taken.includes(true)) return (text) => text
  const [port] = await freePorts()
  return (text) =>
    text
      .replace(/\bnpm start( --)?/g, `npm start -- --port ${port}`)
      .replace(/\bsrc\/node\/start\.ts\b/g, `$& --port ${port}`)
      .replaceAll(`:${DEFAULT_PORT}`, `:${port}`)
}

interface Ran {
  readonly status: number | null
  readonly output: string
  /** The address of a registry that the block has started, and that runs until the test ends; else `null`. */
  readonly registry: string | null
}

async function runBlock(text: string, { folder, env }: Checkout): Promise<Ran> {
  // A process group of its own, so that all of it can be stopped.
  const child = spawn('bash', ['-e', '-o', 'pipefail', '-c', text], {
    ...{ cwd: folder, env, detached: true },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const closed = once(child, 'close')
  onTestFinished(async () => {
    const { pid } = child
    if (pid === undefined || child.exitCode !== null) return
    process.kill(-pid, 'SIGINT')
    await Promise.race([closed, delay(STOP_MS).then(() => process.kill(-pid, 'SIGKILL'))]).catch(() => undefined)
  })
  await until(`the end of: ${text}`, () => child.exitCode !== null || output.includes(READY))
  if (child.exitCode !== null) await closed
  const [, registry = null] = /(http:\/\/localhost:\d+)/.exec(output) ?? []
  return { status: child.exitCode, output, registry: child.exitCode === null ? registry : null }
}
