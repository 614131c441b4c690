import { checkInfra } from './support/check-infra.ts'
import { INFRA } from './support/folders.ts'
import { createReport } from './support/report.ts'

/** `npm run infra:check`: all that can be checked of infra/ with what is on this machine; status 1 when something is wrong. */
const report = createReport((line) => {
  console.log(line)
})
await checkInfra(INFRA, process.env, report)
console.log(`infra:check: ${report.summary()}`)
process.exitCode = report.findings.length === 0 ? 0 : 1
