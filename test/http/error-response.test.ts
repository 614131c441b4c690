import { describe, expect, test, vi } from 'vitest'

import { errorResponse as answer } from '../../src/http/error-response.ts'
import { RegistryError } from '../../src/oci/errors.ts'

const SECRET = 'wJalrXUtnFEMI'
const errorResponse = (thrown: unknown, log: (fault: unknown) => void) => answer(thrown, '8f2a-FRA', log)

test('a refusal is one error with code, message and detail', async () => {
  const log = vi.fn()
  const response = errorResponse(new RegistryError('BLOB_UNKNOWN', { detail: { digest: 'sha256:0' } }), log)
  expect(response.status).toBe(404)
  expect(response.headers.get('Content-Type')).toBe('application/json')
  expect(await response.json()).toEqual({
    errors: [{ code: 'BLOB_UNKNOWN', message: 'blob unknown to registry', detail: { digest: 'sha256:0' } }],
  })
  expect(log).not.toHaveBeenCalled()
})

test('without a detail there is none', async () => {
  const response = errorResponse(new RegistryError('DENIED'), vi.fn())
  expect(await response.json()).toEqual({
    errors: [{ code: 'DENIED', message: 'requested access to the resource is denied' }],
  })
})

test("a text of its own takes the place of the code's", async () => {
  const error = new RegistryError('UNAVAILABLE', { message: 'upgrade it', detail: { known: 1 } })
  expect(await errorResponse(error, vi.fn()).json()).toEqual({
    errors: [{ code: 'UNAVAILABLE', message: 'upgrade it (request 8f2a-FRA)', detail: { known: 1 } }],
  })
})

test('several details are several errors of the same code', async () => {
  const details = [{ digest: 'sha256:0' }, { digest: 'sha256:1' }]
  const response = errorResponse(new RegistryError('MANIFEST_BLOB_UNKNOWN', { details }), vi.fn())
  expect(response.status).toBe(400)
  const message = 'manifest references a manifest or blob unknown to registry'
  expect(await response.json()).toEqual({
    errors: details.map((detail) => ({ code: 'MANIFEST_BLOB_UNKNOWN', message, detail })),
  })
})

test('status and headers are those of the refusal', () => {
  const headers = { 'WWW-Authenticate': 'Bearer realm="https://registry.test/token"', 'X-Other': '1' }
  const response = errorResponse(new RegistryError('UNAUTHORIZED', { status: 499, headers }), vi.fn())
  expect(response.status).toBe(499)
  expect(response.headers.get('WWW-Authenticate')).toBe('Bearer realm="https://registry.test/token"')
  expect(response.headers.get('X-Other')).toBe('1')
  expect(response.headers.get('Content-Type')).toBe('application/json')
})

describe('anything else that is thrown', () => {
  test.each([
    ['an Error', new Error(SECRET)],
    ['a TypeError with a cause', new TypeError('x', { cause: new Error(SECRET) })],
    ['an Error with fields', Object.assign(new Error('x'), { status: 200, code: SECRET, details: [SECRET] })],
    ['a text', SECRET],
    ['an object', { code: 'DENIED', status: 403, detail: SECRET, details: [SECRET], message: SECRET }],
    ['a Response', new Response(SECRET, { status: 403 })],
    ['a number', 404],
    ['null', null],
    ['nothing', undefined],
  ])('is a fault of ours, of which the client learns nothing: %s', async (_, thrown) => {
    const log = vi.fn()
    const response = errorResponse(thrown, log)
    expect(response.status).toBe(500)
    const text = await response.text()
    expect(JSON.parse(text)).toEqual({ errors: [{ code: 'UNKNOWN', message: 'unknown error (request 8f2a-FRA)' }] })
    expect(text).not.toContain(SECRET)
    expect(log).toHaveBeenCalledOnce()
  })

  test('is logged as it was thrown', () => {
    const log = vi.fn()
    const thrown = new Error(SECRET)
    errorResponse(thrown, log)
    expect(log).toHaveBeenCalledExactlyOnceWith(thrown)
  })
})

describe('the log', () => {
  const cause = new Error(SECRET)

  test.each([
    ['UNAVAILABLE', undefined, true],
    ['UNKNOWN', undefined, true],
    ['DENIED', 500, true],
    ['DENIED', 599, true],
    ['DENIED', 499, false],
    ['UNAVAILABLE', 404, false],
    ['NAME_INVALID', undefined, false],
    ['TOOMANYREQUESTS', undefined, false],
    ['RANGE_INVALID', undefined, false],
  ] as const)('%s with status %s is told: %s', async (code, status, told) => {
    const log = vi.fn()
    const options = status === undefined ? { cause } : { cause, status }
    const response = errorResponse(new RegistryError(code, options), log)
    expect(log.mock.calls).toEqual(told ? [[cause]] : [])
    expect(await response.text()).not.toContain(SECRET)
  })

  test('is told of the error itself when it has no cause', () => {
    const log = vi.fn()
    const error = new RegistryError('UNAVAILABLE')
    errorResponse(error, log)
    expect(log).toHaveBeenCalledExactlyOnceWith(error)
  })
})
