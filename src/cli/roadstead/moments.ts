import { InvalidArgumentError } from 'commander'

const MS_OF = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 } as const
const MAX_MS = 100 * 365 * MS_OF.d

/** A stretch of time from now, or a moment. */
export type When = { readonly milliseconds: number } | { readonly moment: Date }

/**
 * `30d` (minutes `m`, hours `h`, days `d`, weeks `w`), `2026-12-31` (its beginning in UTC), or a moment as in RFC 3339.
 *
 * @throws {InvalidArgumentError}
 */
export function parseWhen(text: string): When {
  const [, count, unit] = /^([1-9]\d{0,7})([mhdw])$/.exec(text) ?? []
  if (count !== undefined && (unit === 'm' || unit === 'h' || unit === 'd' || unit === 'w')) {
    const milliseconds = Number(count) * MS_OF[unit]
    if (milliseconds > MAX_MS) throw new InvalidArgumentError('It is more than 100 years.')
    return { milliseconds }
  }
  return { moment: parseMoment(text) }
}

/**
 * As `parseWhen`, or `never`.
 *
 * @throws {InvalidArgumentError}
 */
export function parseExpiry(text: string): When | 'never' {
  return text === 'never' ? text : parseWhen(text)
}

/** @param sign in which direction from now a stretch of time goes */
export function momentOf(when: When, now: Date, sign: 1 | -1): string {
  const moment = 'moment' in when ? when.moment : new Date(now.getTime() + sign * when.milliseconds)
  return moment.toISOString()
}

function parseMoment(text: string): Date {
  const [, date = ''] = /^(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))?$/.exec(text) ?? []
  const midnight = new Date(`${date}T00:00:00Z`)
  const moment = new Date(text)
  // JavaScript takes 30 February for 2 March.
  const exists = !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(date)
  if (date !== '' && exists && !Number.isNaN(moment.getTime())) return moment
  throw new InvalidArgumentError('It is to be such as 30d, 12h, 2026-12-31 or 2026-12-31T12:00:00Z.')
}
