import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import type { S3Settings } from '../../src/node/store.ts'
import { startDockerEngine } from './support/docker-engine.ts'
import type { Environment } from './support/environment.ts'
import { addHostName } from './support/host-name.ts'
import { buildImages, type TestImages } from './support/images.ts'
import { missingCommands } from './support/missing-commands.ts'
import { startRegistry } from './support/registry.ts'

const COMMANDS = ['docker', 'dockerd', 'ctr', 'skopeo', 'podman', 'mmdebstrap', 'tar', 'ps']
const REGISTRY_NAME = 'registry.local'

/** The caches are large and worth keeping. */
const CACHE = process.env['ROADSTEAD_E2E_CACHE'] ?? join(tmpdir(), 'roadstead-e2e-cache')
/** `localhost:PORT` of a registry that runs already, while developing. */
const RUNNING_REGISTRY = process.env['ROADSTEAD_E2E_REGISTRY']

export default function setup(project: TestProject): Promise<() => Promise<void>> {
  return startAll(project, null)
}

/**
 * Builds the images, starts a docker engine and the registry, and ends them all after the last test.
 *
 * @param s3 storage for the registries; `null` for the embedded store
 */
export async function startAll(project: TestProject, s3: S3Settings | null): Promise<() => Promise<void>> {
  const missing = missingCommands(COMMANDS)
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
    project.provide('e2e', { missing, folder, s3, registry, namedRegistry, account, engine, images })
  } catch (error) {
    await teardown()
    throw error
  }
  return teardown

  async function startOurs(registryFolder: string): Promise<string> {
    const { host, daemon } = await startRegistry(registryFolder, s3)
    undo.push(() => daemon.stop('SIGINT'))
    return host
  }
}

/** For a run in which every test is skipped. */
export const NOTHING: Environment = {
  missing: [],
  folder: '',
  s3: null,
  registry: '',
  namedRegistry: '',
  account: '',
  engine: { host: '', containerd: '' },
  images: {} as TestImages,
}
