import { existsSync, readFileSync } from 'node:fs'

const MB = 1_000_000
/** Of utime and stime in /proc, whatever the kernel's own clock: `getconf CLK_TCK` on every Linux. */
const TICKS_PER_SECOND = 100

/** The workerds that this process has started: the embedded store is one, each Worker another. */
export function workerds(): number[] {
  const path = `/proc/${process.pid}/task/${process.pid}/children`
  if (!existsSync(path)) throw new Error('Cannot measure: this needs Linux')
  const children = readFileSync(path, 'utf8').trim().split(' ').filter(Boolean).map(Number)
  return children.filter((pid) => commandOf(pid) === 'workerd')
}

/** Memory that a process has now (`VmRSS`) or at most had so far (`VmHWM`), in millions of bytes. */
export function megabytes(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const [, kibibytes] = new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Math.round((Number(kibibytes) * 1024) / MB)
}

/** Seconds of processor time that a process has used, its threads' together, in the system too. */
export function cpuSeconds(pid: number): number {
  // What follows the name, which may hold anything: state is field 3, utime and stime are 14 and 15.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** A process may have ended since it was listed. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return ''
  }
}
