import * as z from 'zod'

import { harmless } from './terminal.ts'

const refusal = z.object({
  errors: z.array(z.object({ message: z.string(), detail: z.unknown().optional() })).min(1),
})
const invalidField = z.object({ at: z.string(), message: z.string() })

/** The reasons in an answer of `{"errors":[…]}`, in a line; `null` for another answer. */
export function describeRefusal(json: unknown): string | null {
  const parsed = refusal.safeParse(json)
  if (!parsed.success) return null
  return harmless([...new Set(parsed.data.errors.map(describeError))].join('; '))
}

/** A detail that is a sentence says more than the message, which is the same for all errors of a kind. */
function describeError({ message, detail }: { message: string; detail?: unknown }): string {
  if (typeof detail === 'string') return detail
  const field = invalidField.safeParse(detail)
  if (field.success) return field.data.at === '' ? field.data.message : `${field.data.at}: ${field.data.message}`
  if (typeof detail !== 'object' || detail === null) return message
  const words = Object.entries(detail).map(
    ([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  return words.length === 0 ? message : `${message} (${words.join(', ')})`
}
