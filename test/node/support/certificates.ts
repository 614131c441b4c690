import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TlsFiles } from '../../../src/node/tls-certificate.ts'

/** A certificate authority that only a test trusts. */
export interface Authority {
  /** Its own certificate, a PEM file. */
  readonly file: string
  /**
   * A certificate that it has signed, and its key.
   *
   * @param names `DNS:registry.local`, `IP:127.0.0.1`
   */
  issue(file: string, names: readonly string[], days?: number): TlsFiles
}

/** Made by the commands of docs/self-hosting.md, below `folder`. */
export function createAuthority(folder: string): Authority {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const subject = ['-subj', '/CN=Roadstead test authority']
  openssl('req', '-x509', ...newKey, '-days', '30', ...subject, '-keyout', 'ca.key', '-out', 'ca.crt')
  return {
    file: join(folder, 'ca.crt'),
    issue(file, names, days = 30) {
      writeFileSync(join(folder, `${file}.ext`), `subjectAltName=${names.join(',')}\nextendedKeyUsage=serverAuth\n`)
      openssl('req', ...newKey, '-subj', `/CN=${file}`, '-keyout', `${file}.key`, '-out', `${file}.csr`)
      const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', String(days)]
      openssl('x509', '-req', '-in', `${file}.csr`, ...signed, '-extfile', `${file}.ext`, '-out', `${file}.crt`)
      return { cert: join(folder, `${file}.crt`), key: join(folder, `${file}.key`) }
    },
  }
}
