import { expect, test } from 'vitest'

import { RegistryError, type ErrorCode } from '../../src/oci/errors.ts'

// The spec's table, then what Docker's clients know beyond it: each with the status that clients expect.
test.each([
  ['BLOB_UNKNOWN', 404],
  ['BLOB_UPLOAD_INVALID', 400],
  ['BLOB_UPLOAD_UNKNOWN', 404],
  ['DIGEST_INVALID', 400],
  ['MANIFEST_BLOB_UNKNOWN', 400],
  ['MANIFEST_INVALID', 400],
  ['MANIFEST_UNKNOWN', 404],
  ['NAME_INVALID', 400],
  ['NAME_UNKNOWN', 404],
  ['SIZE_INVALID', 400],
  ['UNAUTHORIZED', 401],
  ['DENIED', 403],
  ['UNSUPPORTED', 405],
  ['TOOMANYREQUESTS', 429],
  ['PAGINATION_NUMBER_INVALID', 400],
  ['RANGE_INVALID', 416],
  ['TAG_INVALID', 400],
  ['UNAVAILABLE', 503],
  ['UNKNOWN', 500],
] satisfies [ErrorCode, number][])('%s is %i unless told otherwise', (code, status) => {
  const error = new RegistryError(code)
  expect(error).toMatchObject({ code, status, headers: {}, details: [undefined], name: 'RegistryError' })
  expect(error.message).not.toBe('')
})

test('status, headers, detail and cause are what they were said to be', () => {
  const cause = new Error('why')
  const error = new RegistryError('DENIED', { status: 451, headers: { 'Retry-After': '1' }, detail: { a: 1 }, cause })
  expect(error).toMatchObject({ status: 451, headers: { 'Retry-After': '1' }, details: [{ a: 1 }] })
  expect(error.cause).toBe(cause)
})

test('several details stand for several errors', () => {
  expect(new RegistryError('MANIFEST_BLOB_UNKNOWN', { details: [1, 2] }).details).toEqual([1, 2])
})
