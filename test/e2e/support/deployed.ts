import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Miniflare } from 'miniflare'
import { startFront } from '../../../src/node/front.ts'
import { endGroupWithThisProcess } from '../../../src/node/process-group.ts'
import { createWorkerLog, workerdOptions } from '../../../src/node/worker-log.ts'
import { plannedWorker, type Binding, type PlannedWorker } from '../../infra/planned-worker.ts'

/**
 * The registry as `terraform apply` would deploy infra/examples/s3-compatible: workerd with exactly that script, those
 * bindings, variables and secrets, at `--port` of this machine. `--data` keeps KV, and the file `admin-token`.
 * The bucket and its keys, and OIDC_ISSUERS, are in the environment.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { port: { type: 'string' }, data: { type: 'string' }, open: { type: 'boolean', default: false } },
  })
  const { port, data } = values
  if (port === undefined || data === undefined) throw new Error('Cannot start: --port and --data are needed')
  endGroupWithThisProcess()
  const planned = await plannedWorker('s3-compatible', variables(values.open, process.env))
  mkdirSync(data, { recursive: true })
  writeFileSync(join(data, 'admin-token'), textOf(planned, 'ADMIN_TOKEN'), { mode: 0o600 })

  const log = createWorkerLog()
  log.open()
  const miniflare = new Miniflare({
    ...workerdOptions(log),
    resourcePersistencePath: join(data, 'worker'),
    workers: [
      {
        config: {
          name: planned.scriptName,
          compatibilityDate: planned.compatibilityDate,
          compatibilityFlags: [...planned.compatibilityFlags],
          manifest: {
            mainModule: 'worker.js',
            modules: { 'worker.js': { type: 'esm', contents: readFileSync(planned.scriptFile, 'utf8') } },
          },
          env: Object.fromEntries(planned.bindings.map((binding) => [binding.name, bound(binding)])),
        },
        dev: { unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }] },
      },
    ],
  })
  await miniflare.ready
  const upstream = Number((await miniflare.unsafeGetDirectURL(planned.scriptName)).port)
  const front = await startFront({ host: '127.0.0.1', port: Number(port), upstream: Promise.resolve(upstream) })
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      void front
        .stop()
        .then(() => miniflare.dispose())
        .then(() => process.exit(0))
    })
  console.log(`Roadstead is ready, as deployed: ${planned.bindings.map(({ name }) => name).join(' ')}`)
}

/** Of the example. */
function variables(open: boolean, env: NodeJS.ProcessEnv): Record<string, unknown> {
  return {
    name: 'roadstead',
    access: open ? 'open' : 'accounts',
    metrics: true,
    s3: {
      endpoint: env['S3_ENDPOINT'],
      bucket: env['S3_BUCKET'],
      region: env['S3_REGION'],
      path_style: env['S3_PATH_STYLE'] === 'true',
    },
    s3_credentials: { access_key_id: env['S3_ACCESS_KEY_ID'], secret_access_key: env['S3_SECRET_ACCESS_KEY'] },
    ...(env['OIDC_ISSUERS'] ? { oidc_issuers: [env['OIDC_ISSUERS']] } : {}),
  }
}

function bound({ name, type, text, namespace_id: id, simple, dataset }: Binding) {
  if (text !== undefined) return { type: 'text' as const, value: text }
  if (type === 'kv_namespace' && id !== undefined) return { type: 'kv' as const, id }
  if (type === 'analytics_engine') return { type: 'analytics-engine-dataset' as const, name: dataset }
  if (type === 'ratelimit' && id !== undefined && simple !== undefined)
    return { type: 'rate-limit' as const, namespace: id, simple: simple as { limit: number; period: 10 | 60 } }
  throw new Error(`Cannot start: nobody has said how "${name}", a ${type}, is bound here`)
}

function textOf({ bindings }: PlannedWorker, name: string): string {
  const text = bindings.find((binding) => binding.name === name)?.text
  if (text === undefined) throw new Error(`Cannot start: ${name} is not among the bindings`)
  return text
}

await main()
