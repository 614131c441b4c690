import { expect, test } from 'vitest'

import { ALL_ROWS, AREAS } from './all-rows.ts'
import { UNTESTABLE } from './untestable.ts'

/** Headings of the spec, v1.1.1 and main, under which something is demanded of a registry. */
const WITH_ROWS = [
  'Determining Support',
  'Pulling manifests',
  'Pulling blobs',
  'Checking if content exists in the registry',
  'Push',
  'Pushing blobs',
  'POST then PUT',
  'Single POST',
  'Pushing a blob in chunks',
  'Cancel a blob upload',
  'Mounting a blob from another repository',
  'Pushing Manifests',
  'Pushing Manifests with Subject',
  'Listing Tags',
  'Listing Referrers',
  'Deleting tags',
  'Deleting Manifests',
  'Deleting Blobs',
  'Registry Proxying',
  'Enabling the Referrers API',
  'Referrers Tag Schema',
  'Resumable Push',
  'Layer Upload De-duplication',
  'API',
  'Endpoints',
  'Error Codes',
  'Warnings',
  'Docker: Listing Repositories',
  'Docker: Token Authentication',
]

/** Headings whose demands are for clients alone, or for nobody. */
const WITHOUT_ROWS = [
  'Legacy Docker support HTTP headers',
  'Legacy Docker support error codes',
  'Requirements',
  'Unavailable Referrers API',
]

test('every row has an id of its own', () => {
  const ids = ALL_ROWS.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.filter((id) => !/^[a-z]+-[1-9]\d*$/.test(id))).toEqual([])
})

test('every row says something of its own', () => {
  const says = ALL_ROWS.map((row) => `${row.section}: ${row.says}`)
  expect(new Set(says).size).toBe(says.length)
  expect(ALL_ROWS.filter((row) => row.says.length < 15 || row.says.length > 120).map(({ id }) => id)).toEqual([])
})

test('every heading that demands something has a row, and every row a heading', () => {
  const headings = new Set(ALL_ROWS.map(({ section }) => section))
  expect([...headings].sort()).toEqual([...WITH_ROWS].sort())
  const without = new Set(UNTESTABLE.map(([section]) => section))
  expect([...without].filter((section) => !headings.has(section)).sort()).toEqual([...WITHOUT_ROWS].sort())
})

test('every area has rows, and most of them are of the spec itself', () => {
  expect(Object.entries(AREAS).filter(([, rows]) => rows.length < 5)).toEqual([])
  const count = (level: string) => ALL_ROWS.filter((row) => row.level === level && row.since !== 'docker').length
  expect(count('MUST')).toBeGreaterThanOrEqual(100)
  expect(count('SHOULD')).toBeGreaterThanOrEqual(40)
})
