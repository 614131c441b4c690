import type { Outcome } from './terraform.ts'

/** What a check has seen. */
export interface Report {
  readonly findings: readonly string[]
  readonly skipped: readonly string[]
  /** @returns whether Terraform was content; if not, what it said is a finding */
  judge(what: string, outcome: Outcome, closing?: RegExp): boolean
  list(what: string, findings: readonly string[]): boolean
  skip(what: string, why: string): void
  say(line: string): void
  /** One line, for the end. */
  summary(): string
}

export function createReport(print: (line: string) => void): Report {
  const findings: string[] = []
  const skipped: string[] = []
  let passed = 0
  const pass = (what: string) => {
    passed++
    print(`ok    ${what}`)
  }
  const fail = (what: string, found: readonly string[]) => {
    for (const text of found) {
      findings.push(`${what}: ${text}`)
      print(`FAIL  ${what}: ${text}`)
    }
  }
  return {
    findings,
    skipped,
    judge(what, { status, output }, closing) {
      if (status === 0) pass(`${what}${closing ? `: ${closing.exec(output)?.[0] ?? ''}` : ''}`)
      else fail(what, [complaintOf(output) || `exit status ${String(status)}`])
      return status === 0
    },
    list(what, found) {
      if (found.length === 0) pass(what)
      else fail(what, found)
      return found.length === 0
    },
    skip(what, why) {
      skipped.push(what)
      print(`SKIP  ${what}: ${why}`)
    },
    say: print,
    summary: () => `${passed} passed, ${findings.length} failed, ${skipped.length} skipped`,
  }
}

/** Of what Terraform printed, the errors: before them stands a plan, which may be long. */
function complaintOf(output: string): string {
  const lines = output.split('\n')
  const start = lines.findIndex((line) => line.includes('Error: '))
  return lines.slice(Math.max(start, 0)).join('\n').trim()
}
