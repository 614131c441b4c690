import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { openAdminToken, openTokenSecret, type AdminToken } from './admin-token.ts'
import { bundleWorker } from './build.ts'
import { openDataFolder } from './data-folder.ts'
import { startFront } from './front.ts'
import { startMaintenanceDoor } from './maintenance-door.ts'
import { probeStorage } from './probe-storage.ts'
import { startRegistry } from './registry.ts'
import { removeRunning, writeRunning } from './running.ts'
import { startStorageFront, type StorageUpstream } from './storage-front.ts'
import { startStore, type S3Settings } from './store.ts'
import { nameOf, readCertificate, watchCertificate, type Certificate, type TlsFiles } from './tls-certificate.ts'

export interface LocalOptions {
  /** Address to listen on; 127.0.0.1 unless given. */
  host?: string
  /** Port of the registry; 0, any free one, unless given. */
  port?: number
  /** Port of the storage front; 0, any free one, unless given. Not used with an external storage. */
  storagePort?: number
  /** Absolute path of the data folder. */
  data: string
  /** No accounts: everybody who reaches it may do everything. Otherwise there is an administrator. */
  open?: boolean
  /** What both ports speak TLS with; `null` or absent for plain HTTP. */
  tls?: TlsFiles | null
  /** An external storage; `null` or absent for the embedded store. */
  s3?: S3Settings | null
  /** More variables of the Worker, such as `S3_FEATURES`. */
  settings?: Readonly<Record<string, string>>
  /** The Worker, one ES module; the bundle of `src/index.ts` unless given. */
  script?: string
  /** Endpoint that the Worker uses and signs for in place of the storage's own, such as a proxy that counts on 127.0.0.1. */
  s3EndpointForWorker?: (endpoint: string) => string | Promise<string>
}

/** A registry that is running. */
export interface Local {
  /** The registry, without a slash at its end. */
  url: string
  /** Where clients fetch layers of the embedded store; `null` with an external storage. */
  storageUrl: string | null
  /** The storage itself. */
  s3: S3Settings
  /** What to log in with as `admin`; `null` for an open registry, and when `settings` have an `ADMIN_TOKEN`. */
  adminToken: AdminToken | null
  /** Ends it; the data stay. */
  stop(): Promise<void>
}

interface Stoppable {
  stop(): void | Promise<void>
}

/**
 * Runs the whole registry in this process and two workerds that it starts: the embedded store or an external one,
 * the Worker, and the listeners in front of them.
 *
 * @throws {StartFailure} when something that the user can mend is in the way; nothing is left running then
 */
export async function startLocal(options: LocalOptions): Promise<Local> {
  const host = options.host ?? '127.0.0.1'
  const running: Stoppable[] = []
  const stop = async () => {
    for (const part of running.splice(0).reverse()) await part.stop()
  }
  try {
    const certificate = options.tls ? readCertificate(options.tls) : null
    const folder = openDataFolder(options.data)
    running.push({
      stop: () => {
        folder.release()
      },
    })
    removeRunning(options.data) // of one that was killed

    // The ports first: one that is taken is said at once, not after everything has started.
    const worker = Promise.withResolvers<number>()
    const front = await startFront({ host, port: options.port ?? 0, upstream: worker.promise, certificate })
    running.push(front)
    const storage = Promise.withResolvers<StorageUpstream>()
    const storageFront = options.s3
      ? null
      : await startStorageFront({ host, port: options.storagePort ?? 0, upstream: storage.promise, certificate })
    if (storageFront) running.push(storageFront)
    if (options.tls && certificate) {
      const stopWatching = watchCertificate(options.tls, certificate, (next) => {
        for (const part of [front, storageFront]) part?.useCertificate(next)
      })
      running.push({ stop: stopWatching })
    }
    const scheme = certificate ? 'https' : 'http'

    const s3 = options.s3 ?? (await startEmbedded(options.data, running))
    if (options.s3) await probeStorage(s3)
    const endpoint = (await options.s3EndpointForWorker?.(s3.endpoint)) ?? s3.endpoint
    const { port, pathname } = new URL(s3.endpoint)
    storage.resolve({ port: Number(port), signedHost: new URL(endpoint).host, basePath: pathname })

    const adminToken = options.open || options.settings?.['ADMIN_TOKEN'] ? null : openAdminToken(options.data)
    const registry = await startRegistry({
      script: options.script ?? (await bundleWorker()),
      dir: join(options.data, workerFolder(options.s3 ?? null)),
      s3: { ...s3, endpoint },
      settings: {
        ...(options.open ? { ACCESS: 'open' } : accountSettings(options.data, adminToken)),
        ...(certificate ? { PUBLIC_ORIGIN: 'https://{host}' } : {}),
        LOG_REQUESTS: 'none',
        METRICS_PAGE: 'on',
        ...options.settings,
      },
      // Who has a proxy of their own before the storage's port says how that is reached.
      redirectOrigin:
        storageFront && (options.settings?.['BLOB_REDIRECT_ORIGIN'] ?? `${scheme}://{hostname}:${storageFront.port}`),
    })
    running.push(registry)
    worker.resolve(registry.port)

    const door = await startMaintenanceDoor(() => registry.tagStore())
    running.push(door)
    const { endpoint: storedAt, bucket } = s3
    writeRunning(options.data, { door: door.settings, endpoint: storedAt, bucket, s3: options.s3 ? null : s3 })
    running.push({
      stop: () => {
        removeRunning(options.data)
      },
    })

    const shown = shownHost(host, certificate)
    return {
      url: `${scheme}://${shown}:${front.port}`,
      storageUrl: storageFront && `${scheme}://${shown}:${storageFront.port}`,
      s3,
      adminToken,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function accountSettings(data: string, adminToken: AdminToken | null): Readonly<Record<string, string>> {
  const secret = { TOKEN_SECRET: openTokenSecret(data) }
  return adminToken === null ? secret : { ...secret, ADMIN_TOKEN: adminToken.text }
}

async function startEmbedded(data: string, running: Stoppable[]): Promise<S3Settings> {
  const store = await startStore(data)
  running.push(store)
  return store.s3
}

/** KV holds what one storage's tags point to, so each storage has a KV of its own. */
function workerFolder(s3: S3Settings | null): string {
  if (s3 === null) return 'worker'
  return `worker-${createHash('sha256').update(`${s3.endpoint} ${s3.bucket}`).digest('hex').slice(0, 12)}`
}

/**
 * The name under which this machine's user reaches a listener on `host`: one that the certificate holds for, if there is
 * one. Docker takes `localhost` without TLS.
 */
function shownHost(host: string, certificate: Certificate | null): string {
  const name = certificate && nameOf(certificate)
  if (name !== null) return name
  if (['127.0.0.1', '0.0.0.0', '::'].includes(host)) return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
