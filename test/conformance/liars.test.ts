import { expect, test } from 'vitest'

import { ALL_ROWS } from './all-rows.ts'
import { LIES, startLiar } from './support/liar.ts'
import { idsOf, rowsAgainst } from './support/rows-against.ts'

// A row that such a server passes would check nothing.
test.each(Object.entries(LIES))('a server that answers %s passes no row', async (_, lie) => {
  const liar = await startLiar(lie)
  try {
    const results = await rowsAgainst(liar.url)
    expect(results.length).toBe(ALL_ROWS.length)
    expect(results.filter(({ outcome }) => outcome === 'ok')).toEqual([])
    expect(idsOf(results, 'not ok').length).toBeGreaterThan(0.95 * ALL_ROWS.length)
  } finally {
    await liar.stop()
  }
})
