import type { Observer } from './answered.ts'

/** A line of the log for each answer: no query, no header, no name of a user or address, and of what it counts only what is not 0. */
export const logAnswer: Observer = ({ request, tally, status, code, milliseconds }) => {
  const { route, ...counts } = tally
  const counted = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
  const error = code === null ? {} : { code }
  console.log(JSON.stringify({ level: 'info', ...request, route, status, ...error, milliseconds, ...counted }))
}
