import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { errorCode, firstLine, StartFailure } from './failure.ts'

/** Absolute paths of two PEM files. */
export interface TlsFiles {
  /** The certificate, and after it those of the authorities in between. */
  cert: string
  /** Its private key, without a passphrase. */
  key: string
}

/** A certificate that can be used now, with its key. */
export interface Certificate {
  cert: Buffer
  key: Buffer
}

/** Renewals come weeks before they are needed. */
const CHECK_MS = 60_000

/** What a server with this certificate takes. */
export function secureOptions({ cert, key }: Certificate): SecureContextOptions {
  return { cert, key, minVersion: 'TLSv1.2' }
}

/** @throws {StartFailure} naming the file, when clients could not be served with what is in it */
export function readCertificate(files: TlsFiles, now = new Date()): Certificate {
  const cert = readPem('--tls-cert', files.cert)
  const key = readPem('--tls-key', files.key)
  const refuse = (file: string, state: string) => new StartFailure(`Cannot use ${file}: ${state}`)
  const certFile = `--tls-cert "${files.cert}"`
  const keyFile = `--tls-key "${files.key}"`

  const certificate = parse(() => new X509Certificate(cert))
  if (certificate === null) throw refuse(certFile, 'it is not a certificate in PEM')
  if (certificate.validFromDate > now) throw refuse(certFile, `it is valid from ${certificate.validFrom} only`)
  if (certificate.validToDate < now) throw refuse(certFile, `it has expired on ${certificate.validTo}`)
  if (/^-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(key.toString('latin1'))) {
    throw refuse(keyFile, 'it has a passphrase, which nobody can be asked for')
  }
  const privateKey = parse<KeyObject>(() => createPrivateKey(key))
  if (privateKey === null) throw refuse(keyFile, 'it is not a private key in PEM')
  if (!certificate.checkPrivateKey(privateKey)) throw refuse(keyFile, `it is not the key of "${files.cert}"`)
  try {
    createSecureContext(secureOptions({ cert, key }))
  } catch (error) {
    throw refuse(certFile, firstLine(error))
  }
  return { cert, key }
}

/**
 * The name under which clients on this machine reach a server with the certificate: `localhost` if it holds for that,
 * else the first name that it holds for; `null` when it has none.
 */
export function nameOf({ cert }: Certificate): string | null {
  const certificate = new X509Certificate(cert)
  if (certificate.checkHost('localhost') !== undefined) return 'localhost'
  const names = [...(certificate.subjectAltName ?? '').matchAll(/DNS:([^,\s]+)/g)].map(([, name = '']) => name)
  return names.find((name) => !name.includes('*')) ?? null
}

/**
 * Looks once a minute whether the files have changed, and calls `use` with what is in them then. What cannot be used,
 * such as a new certificate whose key is not there yet, is said once on stderr, and the old one stays.
 *
 * @returns ends it
 */
export function watchCertificate(
  files: TlsFiles,
  current: Certificate,
  use: (certificate: Certificate) => void,
  everyMs = CHECK_MS,
): () => void {
  let used = current
  let said = ''
  const timer = setInterval(() => {
    try {
      const found = readCertificate(files)
      said = ''
      if (found.cert.equals(used.cert) && found.key.equals(used.key)) return
      used = found
      use(found)
    } catch (error) {
      const words = firstLine(error)
      if (words !== said) process.stderr.write(`${words}; the certificate that was read before stays in use\n`)
      said = words
    }
  }, everyMs)
  timer.unref()
  return () => {
    clearInterval(timer)
  }
}

function readPem(option: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new StartFailure(`Cannot use ${option} "${path}": ${unreadable(errorCode(error))}`)
  }
}

function unreadable(code: string | null): string {
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such file'
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not read it'
  if (code === 'EISDIR') return 'it is a folder'
  return `it cannot be read (${code ?? 'unknown error'})`
}

function parse<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}
