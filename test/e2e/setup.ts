import { randomBytes } from 'node:crypto'
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startDockerEngine } from './support/docker-engine.ts'
import type { Environment } from './support/environment.ts'
import { addHostName } from './support/host-name.ts'
import { buildImages, type TestImages } from './support/images.ts'
import { startRegistry } from './support/registry.ts'

const COMMANDS = ['docker', 'dockerd', 'ctr', 'skopeo', 'podman', 'mmdebstrap', 'tar', 'ps']
const REGISTRY_NAME = 'registry.local'

/** The caches are large and worth keeping. */
const CACHE = process.env['ROADSTEAD_E2E_CACHE'] ?? join(tmpdir(), 'roadstead-e2e-cache')
/** `localhost:PORT` of a registry that runs already, while developing. */
const RUNNING_REGISTRY = process.env['ROADSTEAD_E2E_REGISTRY']

/** Builds the images, starts a docker engine and the registry, and ends them all after the last test. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const missing = missingTools()
  if (missing.length > 0) {
    if (process.env['CI']) throw new Error(`Cannot run the real clients: ${missing.join(', ')} not found`)
    console.warn(`Skipping every test with real clients: ${missing.join(', ')} not found`)
    project.provide('e2e', { ...NOTHING, missing })
    return () => Promise.resolve()
  }

  const undo: (() => unknown)[] = []
  const teardown = async () => {
    const errors: unknown[] = []
    for (const step of undo.reverse()) {
      try {
        await step()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'Cannot end all that the tests have started')
  }

  try {
    const folder = mkdtempSync(join(tmpdir(), 'roadstead-e2e-'))
    undo.push(() => {
      rmSync(folder, { recursive: true })
    })
    undo.push(addHostName(REGISTRY_NAME))

    const registry = RUNNING_REGISTRY ?? (await startOurs(join(folder, 'registry')))
    const namedRegistry = registry.replace(/^[^:]+/, REGISTRY_NAME)
    const { daemon: dockerd, ...engine } = await startDockerEngine(join(folder, 'engine'), namedRegistry)
    undo.push(() => dockerd.stop())

    mkdirSync(CACHE, { recursive: true, mode: 0o700 })
    const images = await buildImages(CACHE)

    const account = `e2e-${randomBytes(4).toString('hex')}`
    project.provide('e2e', { missing, folder, registry, namedRegistry, account, engine, images })
  } catch (error) {
    await teardown()
    throw error
  }
  return teardown

  async function startOurs(registryFolder: string): Promise<string> {
    const { host, daemon } = await startRegistry(registryFolder)
    undo.push(() => daemon.stop('SIGINT'))
    return host
  }
}

function missingTools(): string[] {
  const missing = COMMANDS.filter((command) => !(process.env['PATH'] ?? '').split(delimiter).some(holds(command)))
  return process.getuid?.() === 0 ? missing : [...missing, 'the rights of root']
}

function holds(command: string): (folder: string) => boolean {
  return (folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK)
      return true
    } catch {
      return false
    }
  }
}

/** For a run in which every test is skipped. */
const NOTHING: Environment = {
  missing: [],
  folder: '',
  registry: '',
  namedRegistry: '',
  account: '',
  engine: { host: '', containerd: '' },
  images: {} as TestImages,
}
