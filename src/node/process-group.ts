import { spawn, spawnSync } from 'node:child_process'

const WINDOWS = process.platform === 'win32'

/**
 * Options of `fork` that make the child the first of a process group of its own: it and all that it starts can then be
 * ended together, and Ctrl-C in the terminal reaches only its parent. Windows has no such groups, but trees.
 */
export const OWN_GROUP = WINDOWS ? { windowsHide: true } : { detached: true }

/** Ends a process that was started with `OWN_GROUP`, and everything that it has started, at once. */
export function killGroup(pid: number): void {
  if (WINDOWS) {
    spawnSync('taskkill', ['/T', '/F', '/PID', String(pid)], { windowsHide: true })
    return
  }
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // none of them is left
  }
}

/**
 * Ends the group of this process, which must be its first, when this process ends in any way, `kill -9` of every node
 * on the machine included: a shell in the group waits for the end of a pipe that only we hold. (workerd does not end
 * with its parent; it would keep the store's files.) Windows does without.
 */
export function endGroupWithThisProcess(): void {
  if (WINDOWS) return
  const guard = spawn('/bin/sh', ['-c', 'trap "" INT TERM HUP; read -r _; kill -9 0'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guard.on('error', () => undefined) // without a shell the supervisor's part has to do
  guard.unref()
}
