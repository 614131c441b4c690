import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { createCheckout, type Checkout } from '../docs/support/checkout.ts'
import { commandBlocks } from '../docs/support/markdown.ts'
import { describeWithClients, docker, engine, folder, images, s3 } from './support/clients.ts'
import { type RegistryWithAccounts, startRegistryWithAccounts } from './support/registry.ts'

const THIS_FILE = 'test/e2e/docs.test.ts'
const ADDRESS = 'localhost:5000'

/** Who types each block, in the order of the document; people have nothing in common but the folder they are in. */
const SESSIONS = [
  { document: 'README.md', people: ['admin'] },
  { document: 'docs/accounts.md', people: ['admin', 'alice', 'nobody', 'admin', 'alice'] },
] as const

/** The commands of the documents as their readers type them, on a terminal; only the port is another one. */
describeWithClients.each(SESSIONS)('$document', ({ document, people }) => {
  const blocks = commandBlocks(document).filter(({ proof }) => proof.kind === 'run by' && proof.file === THIS_FILE)
  let registry: RegistryWithAccounts
  let checkout: Checkout

  beforeAll(async () => {
    const work = mkdtempSync(join(folder, 'docs-'))
    checkout = createCheckout(work)
    registry = await startRegistryWithAccounts(join(work, 'registry'), s3)
    await docker.clear()
    await docker.load(images['app-v1'], 'image-gallery')
  })
  afterAll(async () => {
    await registry.daemon.stop('SIGINT')
    await docker.clear()
  })

  test('has a block for each of these people', () => {
    expect(blocks).toHaveLength(people.length)
  })

  test.for(blocks.map((block, index) => ({ ...block, person: people[index] ?? 'nobody' })))(
    'line $line, typed by $person',
    async ({ text, person }) => {
      if (person === 'nobody') await docker.clear() // so that there is something to pull
      const home = join(folder, 'homes', `${registry.host.replace(':', '-')}-${person}`)
      mkdirSync(home, { recursive: true })
      const { status, output } = await typeOnTerminal(text.replaceAll(ADDRESS, registry.host), home)
      expect(status, output).toBe(0)
    },
  )

  /** Runs a block; whenever it asks for a token it gets the last one that it has shown, else the administrator's. */
  async function typeOnTerminal(text: string, home: string): Promise<{ status: number | null; output: string }> {
    const file = join(home, 'block.sh')
    writeFileSync(file, text)
    const child = spawn('script', ['--quiet', '--flush', '--return', '--command', `bash -e '${file}'`, '/dev/null'], {
      cwd: checkout.folder,
      env: { ...checkout.env, HOME: home, DOCKER_HOST: engine.host, TERM: 'dumb', SHELL: '/bin/bash' },
    })
    let output = ''
    let answered = 0
    const read = (chunk: Buffer) => {
      output += chunk.toString()
      const asked = output.slice(answered)
      if (!/(Password|\(it is not shown\)): $/.test(asked)) return
      answered = output.length
      const token = /rdst[prf]_\w+(?!.*rdst[prf]_)/s.exec(output)?.[0] ?? registry.adminToken
      child.stdin.write(`${token}\r`)
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve))
    return { status, output }
  }
})
