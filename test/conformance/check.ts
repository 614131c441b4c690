import { isDeepStrictEqual } from 'node:util'

import { textOf } from './bytes.ts'
import type { Answer } from './http.ts'

/** The registry does something else than the row demands. */
export class Mismatch extends Error {
  override readonly name = 'Mismatch'
}

/** The registry openly declines what the spec leaves to it, so that there is nothing to check. */
export class Declined extends Error {
  override readonly name = 'Declined'
}

/** The spec's table, and the codes that Docker's clients know besides. */
const CODES = [
  'BLOB_UNKNOWN',
  'BLOB_UPLOAD_INVALID',
  'BLOB_UPLOAD_UNKNOWN',
  'DIGEST_INVALID',
  'MANIFEST_BLOB_UNKNOWN',
  'MANIFEST_INVALID',
  'MANIFEST_UNKNOWN',
  'NAME_INVALID',
  'NAME_UNKNOWN',
  'SIZE_INVALID',
  'UNAUTHORIZED',
  'DENIED',
  'UNSUPPORTED',
  'TOOMANYREQUESTS',
  'MANIFEST_UNVERIFIED',
  'PAGINATION_NUMBER_INVALID',
  'RANGE_INVALID',
  'TAG_INVALID',
] as const

export type Code = (typeof CODES)[number]

/** @throws {Mismatch} */
export function equal(got: unknown, wanted: unknown, what: string): void {
  if (!isDeepStrictEqual(got, wanted)) throw new Mismatch(`${what}: got ${show(got)}, wanted ${show(wanted)}`)
}

/** @throws {Mismatch} */
export function holds(truth: boolean, got: unknown, wanted: string): void {
  if (!truth) throw new Mismatch(`got ${show(got)}, wanted ${wanted}`)
}

/** The answer, once its status is one of these. */
export function expectStatus(answer: Answer, ...wanted: readonly number[]): Answer {
  if (wanted.includes(answer.status)) return answer
  const excerpt = textOf(answer.bytes.subarray(0, 200)).trim()
  const body = excerpt === '' ? '' : ` (${excerpt})`
  throw new Mismatch(`${line(answer)}: got ${answer.status}${body}, wanted ${wanted.join(' or ')}`)
}

/** The one value of a header. @throws {Mismatch} when it is absent or there are several */
export function headerOf(answer: Answer, name: string): string {
  const values = answer.values(name)
  const [value] = values
  if (value !== undefined && values.length === 1) return value
  throw new Mismatch(`${line(answer)}: got ${values.length} headers ${name}, wanted 1`)
}

export function expectHeader(answer: Answer, name: string, wanted: string): void {
  equal(headerOf(answer, name), wanted, `${line(answer)}, ${name}`)
}

/**
 * A refusal: its status, and a body of the spec's form with codes that a client can act on. The spec lets a refusal
 * have a body of any kind; one without a code leaves its client nothing but to guess.
 *
 * @returns the codes
 */
export function expectRefusal(answer: Answer, statuses: readonly number[], codes: readonly Code[]): readonly Code[] {
  expectStatus(answer, ...statuses)
  const found = errorCodes(answer)
  const strange = found.filter((code) => !codes.includes(code))
  if (strange.length > 0)
    throw new Mismatch(`${line(answer)}: got code ${strange.join()}, wanted ${codes.join(' or ')}`)
  return found
}

/** The codes of an error body, whose whole form is checked. There is at least one. */
export function errorCodes(answer: Answer): readonly Code[] {
  const body = jsonOf(answer)
  const errors = isRecord(body) ? body['errors'] : undefined
  if (!Array.isArray(errors) || errors.length === 0)
    throw new Mismatch(`${line(answer)}: got ${show(body)}, wanted {"errors": [...]}`)
  return errors.map((error: unknown) => {
    const { code, message } = isRecord(error) ? error : {}
    holds(typeof code === 'string' && (CODES as readonly string[]).includes(code), code, 'a code of the spec')
    holds(message === undefined || typeof message === 'string', message, 'a message that is text')
    return code as Code
  })
}

/** Skips the row when the registry says that it does not do this: 400 or 405, with an error of the spec's form. */
export function unlessDeclined(answer: Answer, what: string): Answer {
  if (answer.status !== 400 && answer.status !== 405) return answer
  throw new Declined(`${what} is not supported: ${answer.status} ${errorCodes(answer).join()}`)
}

export function jsonOf(answer: Answer): unknown {
  const text = textOf(answer.bytes)
  const type = answer.values('Content-Type')[0] ?? ''
  try {
    holds(/^application\/([a-z0-9.-]+\+)?json\b/.test(type), type, 'a Content-Type of JSON')
    return JSON.parse(text)
  } catch (error) {
    const why = error instanceof Mismatch ? error.message : `got ${show(text.slice(0, 200))}, wanted JSON`
    throw new Mismatch(`${line(answer)}: ${why}`)
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The request, for people. */
export function line({ method, url }: Answer): string {
  const { pathname, search } = new URL(url)
  return `${method} ${pathname}${search}`.slice(0, 160)
}

function show(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 300)
}
