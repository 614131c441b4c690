import { createHash } from 'node:crypto'

import { errors, jwtVerify, SignJWT, type JWTPayload } from 'jose'
import * as z from 'zod'

import { isNamespaceName } from '../oci/namespace.ts'
import { ACTIONS } from './permission.ts'
import type { Scope } from './scope.ts'

/**
 * Life of the tokens that clients send with each request. What was revoked stops working when the last of them has
 * ended: within two minutes. Clients want at least one.
 */
export const SHORT_TOKEN_SECONDS = 110

/** Life of the refresh token of a login that has no token of its own behind it: one job of a CI service. */
export const WORKLOAD_REFRESH_SECONDS = 60 * 60

/** Two locations may differ by so much: a token must hold at once in another one. */
const MAX_CLOCK_DIFFERENCE_SECONDS = 30

const ACCESS_TYPE = 'roadstead-access+jwt'
const REFRESH_TYPE = 'roadstead-refresh+jwt'
const ALGORITHM = 'HS256'

const scopes = z.array(z.object({ type: z.string(), name: z.string(), actions: z.array(z.string()) }))

const login = {
  /** Of the user or the organisation, and of this one of that name. */
  name: z.string().refine(isNamespaceName),
  id: z.string(),
  /** The token that they have logged in with. */
  token: z.object({
    id: z.string(),
    name: z.string(),
    grants: z.array(z.object({ repositories: z.string(), actions: z.array(z.enum(ACTIONS)).readonly() })).readonly(),
    expiresAt: z.string().nullable(),
  }),
}

/** Who a short token was made for: as much as finding out what else they may do takes, without looking them up again. */
const bearer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('anonymous') }),
  /** The operator's administrator, who has no record. */
  z.object({ kind: z.literal('operator') }),
  z.object({ kind: z.literal('user'), administrator: z.boolean(), ...login }),
  z.object({ kind: z.literal('robot'), ...login }),
  /** Without its claims, which are long: it may do what the token is for, and no more. */
  z.object({ kind: z.literal('workload') }),
])
export type Bearer = Readonly<z.infer<typeof bearer>>

const accessClaims = z.object({ sub: z.string(), bearer, access: scopes, refused: scopes })

export interface ShortToken {
  /** As tag records name it; '' for nobody. */
  readonly name: string
  readonly bearer: Bearer
  /** What it is for. */
  readonly granted: readonly Scope[]
  /** What was asked for and not granted: asking again is no use. */
  readonly refused: readonly Scope[]
}

/** A login by a token of another issuer: what that one says of it. */
export type WorkloadClaims = Readonly<Record<string, unknown>> & { readonly iss: string; readonly sub: string }

const refreshClaims = z.object({ workload: z.looseObject({ iss: z.string(), sub: z.string() }) })

/** Makes and checks the registry's own short-lived tokens. One an isolate. */
export interface ShortTokens {
  sign(token: ShortToken, service: string, now: Date): Promise<string>
  /** `null` for one that is not ours, for another service, or expired. */
  verify(text: string, service: string, now: Date): Promise<ShortToken | null>
  signWorkload(claims: WorkloadClaims, service: string, now: Date): Promise<string>
  verifyWorkload(text: string, service: string, now: Date): Promise<WorkloadClaims | null>
}

/**
 * @param secrets texts that only the registry's own hosts know: the first signs, all of them verify, so that a secret
 *   can be replaced without ending what was made with the one before
 */
export function createShortTokens(secrets: readonly string[]): ShortTokens {
  const keys = secrets.map((secret) => deriveKey(secret))
  const current = keys[0] ?? new Uint8Array(0)
  if (current.length === 0) throw new Error('Cannot sign tokens: there is no secret')

  function signed(type: string, claims: JWTPayload, service: string, seconds: number, now: Date): Promise<string> {
    const issued = Math.floor(now.getTime() / 1000)
    return new SignJWT(claims)
      .setProtectedHeader({ alg: ALGORITHM, typ: type })
      .setIssuer(service)
      .setAudience(service)
      .setIssuedAt(issued)
      .setNotBefore(issued - MAX_CLOCK_DIFFERENCE_SECONDS)
      .setExpirationTime(issued + seconds)
      .setJti(crypto.randomUUID())
      .sign(current)
  }

  async function verified(type: string, text: string, service: string, now: Date): Promise<unknown> {
    const options = {
      algorithms: [ALGORITHM],
      typ: type,
      issuer: service,
      audience: service,
      currentDate: now,
      requiredClaims: ['exp'],
    }
    for (const key of keys) {
      try {
        return (await jwtVerify(text, key, options)).payload
      } catch (error) {
        if (!(error instanceof errors.JOSEError)) throw error
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) return null
      }
    }
    return null
  }

  return {
    sign: ({ name, bearer: of, granted, refused }, service, now) =>
      signed(ACCESS_TYPE, { sub: name, bearer: of, access: granted, refused }, service, SHORT_TOKEN_SECONDS, now),
    async verify(text, service, now) {
      const { success, data } = accessClaims.safeParse(await verified(ACCESS_TYPE, text, service, now))
      return success ? { name: data.sub, bearer: data.bearer, granted: data.access, refused: data.refused } : null
    },
    signWorkload: (workload, service, now) =>
      signed(REFRESH_TYPE, { workload }, service, WORKLOAD_REFRESH_SECONDS, now),
    async verifyWorkload(text, service, now) {
      const { success, data } = refreshClaims.safeParse(await verified(REFRESH_TYPE, text, service, now))
      return success ? data.workload : null
    },
  }
}

/** So that this use of the secret reveals nothing about its others. */
function deriveKey(secret: string): Uint8Array {
  return createHash('sha256').update(`roadstead tokens 1\n${secret}`).digest()
}
