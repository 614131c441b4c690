import { createHash } from 'node:crypto'

import { expect } from 'vitest'

import { RegistryError, type ErrorCode } from '../../../src/oci/errors.ts'

/** An answer, read to its end. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array
}

export async function readAnswer(response: Response): Promise<Answer> {
  const { status, headers } = response
  return { status, headers, body: new Uint8Array(await response.arrayBuffer()) }
}

/**
 * What holds for every answer of the registry, whatever was asked.
 *
 * @param asked the request, for the message
 * @throws when it does not hold
 */
export function expectSound({ status, headers, body }: Answer, method: string, asked: string): void {
  expect(status, asked).toBeGreaterThanOrEqual(200)
  expect(status, asked).toBeLessThan(500) // no storage fails here
  expect(headers.get('X-Request-Id'), asked).toMatch(/^[!-~]+$/)
  expect(headers.get('Docker-Distribution-Api-Version'), asked).toBe('registry/2.0')
  expect(headers.get('Content-Encoding'), asked).toBeNull()
  if (method !== 'HEAD' && status >= 400) expectErrors({ headers, body }, asked)
  if (status === 405) expect(headers.get('Allow'), asked).toMatch(/^[A-Z]+(, [A-Z]+)*$/)
  if (status === 307) expect(headers.get('Location'), asked).toMatch(/^https?:/)
  else if (headers.has('Location')) expect(headers.get('Location'), asked).toMatch(/^\/v2\/[!-~]+$/)
  if (headers.has('Docker-Upload-UUID')) expect(headers.get('Range'), asked).toMatch(/^0-\d+$/)
  if (status === 200 && method === 'GET') expectBytesOfDigest({ headers, body }, asked)
}

/** Status and error codes, in one text to compare. */
export function outcomeOf({ status, body }: Answer): string {
  if (status < 400 || body.length === 0) return String(status)
  const { errors } = JSON.parse(new TextDecoder().decode(body)) as { errors: { code: string }[] }
  return `${status} ${errors.map(({ code }) => code).join(' ')}`
}

function expectErrors({ headers, body }: Omit<Answer, 'status'>, asked: string): void {
  expect(headers.get('Content-Type'), asked).toBe('application/json')
  const { errors, ...more } = JSON.parse(new TextDecoder().decode(body)) as { errors: Record<string, unknown>[] }
  expect(more, asked).toEqual({})
  expect(errors.length, asked).toBeGreaterThan(0)
  for (const { code, message, detail, ...rest } of errors) {
    // The constructor knows the table of codes, and throws for what is not in it.
    expect(message, asked).toBe(new RegistryError(code as ErrorCode).message)
    expect(['undefined', 'string', 'object'], asked).toContain(typeof detail)
    expect(rest, asked).toEqual({})
  }
}

function expectBytesOfDigest({ headers, body }: Omit<Answer, 'status'>, asked: string): void {
  const digest = headers.get('Docker-Content-Digest')
  if (digest === null) return
  const [algorithm = ''] = digest.split(':')
  expect(`${algorithm}:${createHash(algorithm).update(body).digest('hex')}`, asked).toBe(digest)
  expect(headers.get('Content-Length'), asked).toBe(String(body.length))
}
