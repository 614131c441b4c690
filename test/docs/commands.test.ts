import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { unknownCommands } from './support/known-commands.ts'
import { commandBlocks, documents, fencedBlocks, inlineCode, readDocument, ROOT } from './support/markdown.ts'

const DOCUMENTS = documents()
/** Runs every block that names it. */
const EXECUTOR = 'test/docs/documents.test.ts'

test('the documents are looked at', () => {
  expect(DOCUMENTS).toEqual(
    expect.arrayContaining([
      'README.md',
      'CONTRIBUTING.md',
      'docs/accounts.md',
      'docs/upgrading.md',
      'infra/README.md',
    ]),
  )
  expect(DOCUMENTS.flatMap((document) => commandBlocks(document)).length).toBeGreaterThan(8)
})

describe.each(DOCUMENTS)('%s', (document) => {
  const markdown = readDocument(document)
  const blocks = commandBlocks(document)

  // <!-- run by: test/docs/documents.test.ts -->, or another test's path, or <!-- not run: why -->
  test('says above each block of commands which test runs it, or why none does', () => {
    const unproved = blocks.flatMap(({ line, proof, text }) => {
      if (proof.kind === 'none') return [`${document}:${line}: nothing says who runs it`]
      if (proof.kind === 'not run') return []
      if (!existsSync(join(ROOT, proof.file))) return [`${document}:${line}: there is no ${proof.file}`]
      return runs(proof.file, document, text) ? [] : [`${document}:${line}: ${proof.file} does not run it`]
    })
    expect(unproved).toEqual([])
  })

  test('has commands in no block without a language', () => {
    const unnamed = fencedBlocks(document, markdown).filter(
      ({ language, text }) => language === '' && /^\s*(\$ |(npm|npx|terraform|git|curl) )/m.test(text),
    )
    expect(unnamed.map(({ line }) => `${document}:${line}`)).toEqual([])
  })

  test('calls only scripts, commands and options that exist', () => {
    const inBlocks = blocks.flatMap(({ text }) => unknownCommands(text))
    const inProse = inlineCode(markdown).flatMap((code) => unknownCommands(code.replaceAll('\n', ' ')))
    expect([...inBlocks, ...inProse]).toEqual([])
  })
})

/** Whether a test names the document, which it then reads, or has each of the block's commands in its own text. */
function runs(file: string, document: string, commands: string): boolean {
  if (file === EXECUTOR) return true
  const source = readFileSync(join(ROOT, file), 'utf8')
  const lines = commands.split(/\n|&&/).map((line) => line.replace(/\s+#.*$/, '').trim())
  return source.includes(document) || lines.every((line) => source.includes(line))
}

// The checker itself.
test.each([
  ['npm run no-such-script', ['npm run no-such-script']],
  ['npm run -s no-such-script', ['npm run no-such-script']],
  ['npm ci && npm run also-none', ['npm run also-none']],
  ['npm start -- --no-such-option', ['npm run start -- --no-such-option']],
  ['npm run fsck -- --verify --mend', ['npm run fsck -- --mend']],
  ['npx roadstead no-such-command', ['roadstead no-such-command']],
  ['roadstead user ad alice', ['roadstead user ad']],
  ['A=b npx roadstead token create --for alice --nam laptop', ['roadstead token create --nam']],
  ['x=$(npx roadstead org nothing)', ['roadstead org nothing']],
  ['npx roadstead trust add acme --issuer github \\\n  --reposit acme/app', ['roadstead trust add --reposit']],
])('%s is caught', (text, unknown) => {
  expect(unknownCommands(text)).toEqual(unknown)
})

test.each([
  'npm ci && npm start',
  'npm start -- --port 5001 --open',
  'npx roadstead …',
  'npm run …',
  'npx roadstead --help',
  "npx roadstead token create --for alice --name laptop --scope '*:pull,push' > alice.token",
  'npx roadstead repo set-visibility alice/image-gallery public # not a-command',
  'npm exec -- node x.ts --whatever',
  'docker login localhost:5000 --no-such-option',
])('%s is let through', (text) => {
  expect(unknownCommands(text)).toEqual([])
})
