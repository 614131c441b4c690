import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

const KEY_ID = 'the-only-key'

/** Something like GitHub's, on this machine. */
export interface OidcIssuer {
  /** `http://127.0.0.1:PORT`, as it writes itself in `iss`. */
  readonly url: string
  /** A token for one job of `repository`, on its branch `main`. */
  signJob(job: Job): Promise<string>
  stop(): Promise<void>
}

export interface Job {
  readonly repository: string
  /** The registry that it is for. */
  readonly audience: string
  /** Five minutes from now unless given; as jose has it: `5m`, `1m ago`. */
  readonly expires?: string
  /** Signed by a key that the issuer does not publish. */
  readonly isForged?: boolean
}

/** https://openid.net/specs/openid-connect-discovery-1_0.html */
export async function startOidcIssuer(): Promise<OidcIssuer> {
  const [keys, others] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('RS256')])
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: KEY_ID, alg: 'RS256', use: 'sig' }
  let url = ''
  const server = createServer((request, response) => {
    const documents: Record<string, unknown> = {
      '/.well-known/openid-configuration': { issuer: url, jwks_uri: `${url}/.well-known/jwks` },
      '/.well-known/jwks': { keys: [jwk] },
    }
    const document = documents[request.url ?? '']
    response.writeHead(document === undefined ? 404 : 200, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify(document ?? {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    url,
    signJob({ repository, audience, expires = '5m', isForged = false }) {
      return new SignJWT({ repository, ref: 'refs/heads/main', event_name: 'push' })
        .setProtectedHeader({ alg: 'RS256', kid: KEY_ID, typ: 'JWT' })
        .setIssuer(url)
        .setSubject(`repo:${repository}:ref:refs/heads/main`)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime(expires)
        .sign(isForged ? others.privateKey : keys.privateKey)
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
