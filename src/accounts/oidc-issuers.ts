import { createRemoteJWKSet, decodeJwt, errors, jwtVerify, type JWTVerifyGetKey } from 'jose'
import * as z from 'zod'

import type { WorkloadClaims } from '../auth/short-token.ts'
import { logRefusal } from '../log.ts'

/** Checks tokens of other issuers, so that a job elsewhere needs no secret of ours. One an isolate. */
export interface OidcIssuers {
  /** Those whose tokens are taken, as they write themselves in `iss`. */
  readonly names: readonly string[]
  /** What the token says, once its signature is found right; `null`, with the reason in the log alone, otherwise. */
  verify(token: string, now: Date): Promise<WorkloadClaims | null>
}

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
const TIMEOUT_MS = 5_000
const MAX_DOCUMENT_BYTES = 64 * 1024
/** Where an issuer has its keys is asked anew after so long; the keys themselves, `jose` keeps as long. */
const DISCOVERY_MS = 10 * 60 * 1000
/** An issuer that does not answer is left alone for so long. */
const COOLDOWN_MS = 30 * 1000

const claims = z.looseObject({ iss: z.string(), sub: z.string().max(500) })
const discovery = z.object({ issuer: z.string(), jwks_uri: z.url() })

/**
 * @param names the only addresses that are ever asked for keys: never what a token says by itself
 */
export function createOidcIssuers(names: readonly string[]): OidcIssuers {
  const known = new Map<string, { keys: JWTVerifyGetKey | null; at: number }>()

  /** The issuer's keys, fetched when they are first needed, and again when a token names one that is not among them. */
  async function keysOf(issuer: string, now: Date): Promise<JWTVerifyGetKey> {
    const found = known.get(issuer)
    const age = found === undefined ? Infinity : now.getTime() - found.at
    if (found?.keys && age < DISCOVERY_MS) return found.keys
    if (found?.keys === null && age < COOLDOWN_MS) throw new Error('it did not answer a moment ago')
    let keys = found?.keys ?? null // those of before serve while it does not answer
    try {
      keys = createRemoteJWKSet(await discover(issuer), { timeoutDuration: TIMEOUT_MS, cacheMaxAge: DISCOVERY_MS })
    } catch (error) {
      if (keys === null) throw error
    } finally {
      known.set(issuer, { keys, at: now.getTime() })
    }
    return keys
  }

  async function verified(token: string, now: Date): Promise<WorkloadClaims> {
    const { iss = '' } = decodeJwt(token)
    if (!names.includes(iss)) throw new Error(`the issuer "${iss.slice(0, 200)}" is not one of OIDC_ISSUERS`)
    const { payload } = await jwtVerify(token, await keysOf(iss, now), {
      algorithms: ALGORITHMS,
      issuer: iss,
      currentDate: now,
      requiredClaims: ['exp', 'aud', 'sub'],
    })
    return claims.parse(payload)
  }

  return {
    names,
    async verify(token, now) {
      try {
        return await verified(token, now)
      } catch (error) {
        logRefusal(`a token of another issuer was refused: ${reasonOf(error)}`)
        return null
      }
    },
  }
}

/** https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig */
async function discover(issuer: string): Promise<URL> {
  const url = new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
  const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) })
  if (response.status !== 200) throw new Error(`${url.href} answered ${response.status}`)
  const text = await response.text()
  if (text.length > MAX_DOCUMENT_BYTES) throw new Error(`${url.href} is too long`)
  const document = discovery.parse(JSON.parse(text))
  if (document.issuer !== issuer) throw new Error(`${url.href} is of another issuer`)
  const keys = new URL(document.jwks_uri)
  if (keys.protocol !== 'https:' && keys.origin !== url.origin) throw new Error('its keys are not on https')
  return keys
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JOSEError) return `${error.code}: ${error.message}`
  return error instanceof Error ? error.message : String(error)
}
