import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { StartFailure } from '../../src/node/failure.ts'
import { nameOf, readCertificate, watchCertificate, type TlsFiles } from '../../src/node/tls-certificate.ts'
import { createAuthority } from './support/certificates.ts'
import { temporaryFolder } from './support/temporary.ts'
import { until } from './support/until.ts'

const DAY_MS = 86_400_000
const OFTEN_MS = 20

function make(names = ['DNS:registry.local']) {
  const folder = temporaryFolder()
  const authority = createAuthority(folder)
  return { folder, authority, files: authority.issue('server', names) }
}

function refusal(files: TlsFiles, now?: Date): string {
  try {
    readCertificate(files, now)
  } catch (error) {
    if (error instanceof StartFailure) return error.message
    throw error
  }
  return ''
}

test('a certificate and its key are taken as they are, with the authorities in between', () => {
  const { authority, files } = make()
  writeFileSync(files.cert, readFileSync(files.cert, 'utf8') + readFileSync(authority.file, 'utf8'))
  expect(readCertificate(files)).toEqual({ cert: readFileSync(files.cert), key: readFileSync(files.key) })
})

test('what is in the way is said with the file', () => {
  const { folder, authority, files } = make()
  const { cert, key } = files
  const absent = join(folder, 'absent')
  expect(refusal({ cert: absent, key })).toBe(`Cannot use --tls-cert "${absent}": there is no such file`)
  expect(refusal({ cert, key: absent })).toBe(`Cannot use --tls-key "${absent}": there is no such file`)
  expect(refusal({ cert: folder, key })).toBe(`Cannot use --tls-cert "${folder}": it is a folder`)
  expect(refusal({ cert: key, key })).toBe(`Cannot use --tls-cert "${key}": it is not a certificate in PEM`)
  expect(refusal({ cert, key: cert })).toBe(`Cannot use --tls-key "${cert}": it is not a private key in PEM`)
  const other = authority.issue('other', ['DNS:other.local'])
  expect(refusal({ cert, key: other.key })).toBe(`Cannot use --tls-key "${other.key}": it is not the key of "${cert}"`)

  const locked = join(folder, 'locked.key')
  execFileSync('openssl', ['pkcs8', '-topk8', '-in', key, '-out', locked, '-passout', 'pass:secret'])
  expect(refusal({ cert, key: locked })).toBe(
    `Cannot use --tls-key "${locked}": it has a passphrase, which nobody can be asked for`,
  )
  const later = new Date(Date.now() + 31 * DAY_MS)
  expect(refusal(files, later)).toMatch(/^Cannot use --tls-cert ".*server\.crt": it has expired on \w+ .* GMT$/)
  const earlier = new Date(Date.now() - DAY_MS)
  expect(refusal(files, earlier)).toMatch(/^Cannot use --tls-cert ".*server\.crt": it is valid from \w+ .* GMT only$/)
})

test.skipIf(process.getuid?.() === 0 || process.platform === 'win32')('a key that this user may not read', () => {
  const { files } = make()
  chmodSync(files.key, 0)
  expect(refusal(files)).toBe(`Cannot use --tls-key "${files.key}": this user may not read it`)
})

test.each([
  [['DNS:registry.local', 'DNS:localhost'], 'localhost'],
  [['DNS:*.example.com', 'DNS:registry.local', 'IP:127.0.0.1'], 'registry.local'],
  [['IP:192.0.2.7'], null],
])('a certificate for %j is reached as %s', (names, want) => {
  expect(nameOf(readCertificate(make(names).files))).toBe(want)
})

test('a renewed certificate is used, and one that cannot be is said once', async () => {
  const { authority, files } = make()
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  const used: (string | null)[] = []
  const stop = watchCertificate(files, readCertificate(files), (next) => used.push(nameOf(next)), OFTEN_MS)
  onTestFinished(() => {
    stop()
    said.mockRestore()
  })

  // As many a tool does it: the certificate first, the key a moment later.
  const renewed = authority.issue('renewed', ['DNS:renewed.local'])
  copyFileSync(renewed.cert, files.cert)
  await until('the complaint', () => said.mock.calls.length > 0)
  await new Promise((resolve) => setTimeout(resolve, 5 * OFTEN_MS))
  expect(said.mock.calls).toEqual([
    [
      `Cannot use --tls-key "${files.key}": it is not the key of "${files.cert}"; ` +
        'the certificate that was read before stays in use\n',
    ],
  ])
  expect(used).toEqual([])

  copyFileSync(renewed.key, files.key)
  await until('the new certificate', () => used.length > 0)
  await new Promise((resolve) => setTimeout(resolve, 5 * OFTEN_MS))
  expect(used).toEqual(['renewed.local'])
})
