import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Debian's package `docker-registry`: distribution 2.8. */
export const DOCKER_REGISTRY = '/usr/bin/docker-registry'

export interface RunningRegistry {
  readonly url: string
  stop(): Promise<void>
}

/** Starts it on a free port of loopback, over a folder of its own. */
export async function startDockerRegistry(): Promise<RunningRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'docker-registry-'))
  const config = {
    version: '0.1',
    log: { level: 'info', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } },
    http: { addr: '127.0.0.1:0', secret: 'of-no-use-to-anyone' },
  }
  const path = join(folder, 'config.yml')
  await writeFile(path, JSON.stringify(config)) // JSON is YAML

  const child = spawn(DOCKER_REGISTRY, ['serve', path], { stdio: ['ignore', 'ignore', 'pipe'] })
  const exited = new Promise<void>((resolve) => child.once('close', resolve))
  const stop = async () => {
    child.kill()
    await exited
    await rm(folder, { recursive: true })
  }
  const port = new Promise<string>((resolve, reject) => {
    let log = ''
    child.once('error', reject)
    child.once('close', () => {
      reject(new Error(`docker-registry ended:\n${log}`))
    })
    child.stderr.on('data', (chunk: Uint8Array) => {
      if (log.length > 10_000) return
      log += new TextDecoder().decode(chunk)
      const [, found] = /listening on 127\.0\.0\.1:(\d+)/.exec(log) ?? []
      if (found !== undefined) resolve(found)
    })
  })
  try {
    return { url: `http://127.0.0.1:${await port}`, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
