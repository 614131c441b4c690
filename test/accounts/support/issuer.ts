import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose'
import { onTestFinished } from 'vitest'

/** An OpenID issuer on this machine, as a CI service runs one. */
export interface Issuer {
  /** What stands in `iss`. */
  readonly name: string
  /** Paths that were asked for. */
  readonly requests: string[]
  /** A token with these claims, and `iss`, `iat` and an `exp` five minutes from `now`, unless they are among them. */
  sign(claims: object, now: Date): Promise<string>
  /** From now on it signs with another key, and no longer tells the one before. */
  rotate(): Promise<void>
  /** What it answers to a path from now on, in place of its own answer. */
  answer(path: string, status: number, body: string): void
}

const DISCOVERY = '/.well-known/openid-configuration'

export async function startIssuer(): Promise<Issuer> {
  const requests: string[] = []
  const answers = new Map<string, { status: number; body: string }>()
  let key = await newKey(1)
  const server: Server = createServer((request, response) => {
    const path = request.url ?? ''
    requests.push(path)
    const documents: Record<string, unknown> = {
      [DISCOVERY]: { issuer: name, jwks_uri: `${name}/keys` },
      '/keys': { keys: [key.public] },
    }
    const own = { status: path in documents ? 200 : 404, body: JSON.stringify(documents[path] ?? {}) }
    const { status, body } = answers.get(path) ?? own
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const name = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return {
    name,
    requests,
    sign: (claims, now) => {
      const seconds = Math.floor(now.getTime() / 1000)
      return new SignJWT({ iss: name, iat: seconds, exp: seconds + 300, ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: key.id })
        .sign(key.private)
    },
    async rotate() {
      key = await newKey(key.number + 1)
    },
    answer(path, status, body) {
      answers.set(path, { status, body })
    },
  }
}

async function newKey(number: number): Promise<{ number: number; id: string; private: CryptoKey; public: object }> {
  const id = `key-${number}`
  const { privateKey, publicKey } = await generateKeyPair('RS256')
  return {
    number,
    id,
    private: privateKey,
    public: { ...(await exportJWK(publicKey)), kid: id, alg: 'RS256', use: 'sig' },
  }
}
