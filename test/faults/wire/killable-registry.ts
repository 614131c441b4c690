import { readFileSync } from 'node:fs'

import { startRegistry } from '../../../src/node/registry.ts'
import type { S3Settings } from '../../../src/node/store.ts'
import type { RegistryUnderTest } from '../../suites/registry-under-test.ts'

/** The Worker in a workerd that can be killed. */
export interface KillableRegistry extends RegistryUnderTest {
  /** Ends the workerd as `kill -9` does. */
  kill(): void
}

/** @param dir where KV is kept: another one started on it goes on where this one was killed */
export async function startKillableRegistry(script: string, dir: string, s3: S3Settings): Promise<KillableRegistry> {
  const others = new Set(children())
  const registry = await startRegistry({ script, dir, s3, settings: { ACCESS: 'open', LOG_REQUESTS: 'none' } })
  const [pid, ...more] = children().filter((child) => !others.has(child))
  if (pid === undefined || more.length > 0) throw new Error('Cannot tell which process is the workerd')
  return {
    fetch: (path, init) => fetch(`http://127.0.0.1:${registry.port}${path}`, { redirect: 'manual', ...init }),
    download: (location) => fetch(location),
    stop: () => registry.stop(),
    kill() {
      process.kill(pid, 'SIGKILL')
    },
  }
}

function children(): number[] {
  const text = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim()
  return text === '' ? [] : text.split(' ').map(Number)
}
