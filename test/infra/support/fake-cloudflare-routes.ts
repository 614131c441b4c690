import { createHash, randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

type Json = Readonly<Record<string, unknown>>

export interface Answer {
  readonly status?: number
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string }
  readonly raw?: { readonly type: string; readonly text: string }
}

export interface Question {
  readonly method: string
  /** Without /client/v4. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: { readonly json: unknown; readonly files: ReadonlyMap<string, string> }
}

interface Script {
  readonly created: string
  readonly modified: string
  readonly metadata: Json
  readonly module: string
}

type Handler = (ids: readonly string[], question: Question) => Answer

const NOT_FOUND: Answer = { status: 404, error: { code: 10007, message: 'not found' } }
const MASKED_TYPES: readonly unknown[] = ['secret_text']

/** What an account holds, and the calls that change it. */
export function createCloudflareState(): { answer(question: Question): Answer } {
  const buckets = new Map<string, Json>()
  const lifecycles = new Map<string, unknown>()
  const cors = new Map<string, unknown>()
  const namespaces = new Map<string, Json>()
  const scripts = new Map<string, Script>()
  const subdomains = new Map<string, unknown>()
  const domains = new Map<string, Json>()
  const tokens = new Map<string, Json>()

  const kept = (store: ReadonlyMap<string, unknown>, id: string | undefined): Answer =>
    store.has(id ?? '') ? { result: store.get(id ?? '') } : NOT_FOUND
  const removed = (store: Map<string, unknown>, id: string | undefined): Answer =>
    store.delete(id ?? '') ? { result: { id } } : NOT_FOUND
  const keep = (store: Map<string, Json>, id: string, value: Json): Answer => {
    store.set(id, value)
    return { result: value }
  }

  const routes: readonly (readonly [method: string, path: string, handler: Handler])[] = [
    [
      'POST',
      '/accounts/*/r2/buckets',
      (_ids, { body, headers }) => {
        const {
          name,
          locationHint = 'weur',
          storageClass,
        } = body.json as { name: string; locationHint?: string; storageClass?: string }
        if (buckets.has(name)) return { status: 409, error: { code: 10004, message: 'The bucket already exists' } }
        return keep(buckets, name, {
          name,
          creation_date: now(),
          location: locationHint.toUpperCase(),
          storage_class: storageClass ?? 'Standard',
          jurisdiction: headers['cf-r2-jurisdiction'] ?? 'default',
        })
      },
    ],
    ['GET', '/accounts/*/r2/buckets/*', ([, bucket]) => kept(buckets, bucket)],
    ['DELETE', '/accounts/*/r2/buckets/*', ([, bucket]) => removed(buckets, bucket)],
    [
      'PUT',
      '/accounts/*/r2/buckets/*/lifecycle',
      ([, bucket = ''], { body }) => {
        lifecycles.set(bucket, body.json)
        return { result: {} }
      },
    ],
    [
      'GET',
      '/accounts/*/r2/buckets/*/lifecycle',
      ([, bucket = '']) => ({ result: lifecycles.get(bucket) ?? { rules: [] } }),
    ],
    [
      'PUT',
      '/accounts/*/r2/buckets/*/cors',
      ([, bucket = ''], { body }) => {
        cors.set(bucket, body.json)
        return { result: {} }
      },
    ],
    ['GET', '/accounts/*/r2/buckets/*/cors', ([, bucket]) => kept(cors, bucket)],
    ['DELETE', '/accounts/*/r2/buckets/*/cors', ([, bucket]) => removed(cors, bucket)],
    [
      'POST',
      '/accounts/*/storage/kv/namespaces',
      (_ids, { body }) => {
        const id = newId()
        return keep(namespaces, id, { id, title: (body.json as Json)['title'], supports_url_encoding: true })
      },
    ],
    ['GET', '/accounts/*/storage/kv/namespaces/*', ([, id]) => kept(namespaces, id)],
    ['DELETE', '/accounts/*/storage/kv/namespaces/*', ([, id]) => removed(namespaces, id)],
    [
      'PUT',
      '/accounts/*/workers/scripts/*',
      ([, name = ''], { body }) => {
        const metadata = body.json as Json
        const module = body.files.get(String(metadata['main_module']))
        if (module === undefined) return { status: 400, error: { code: 10021, message: 'no main module' } }
        const script = { created: scripts.get(name)?.created ?? now(), modified: now(), metadata, module }
        scripts.set(name, script)
        return {
          result: {
            ...describe(name, script),
            observability: metadata['observability'],
            placement: {},
            tail_consumers: [],
          },
        }
      },
    ],
    [
      'GET',
      '/accounts/*/workers/services/*',
      ([, name = '']) => {
        const script = scripts.get(name)
        if (script === undefined) return NOT_FOUND
        return {
          result: { id: name, default_environment: { environment: 'production', script: describe(name, script) } },
        }
      },
    ],
    ['GET', '/accounts/*/workers/scripts/*/settings', ([, name = '']) => settingsOf(scripts.get(name))],
    [
      'GET',
      '/accounts/*/workers/scripts/*/content/v2',
      ([, name = '']) => {
        const script = scripts.get(name)
        if (script === undefined) return NOT_FOUND
        const file = String(script.metadata['main_module'])
        const head = `Content-Disposition: form-data; name="${file}"; filename="${file}"\r\nContent-Type: application/javascript+module`
        return {
          raw: { type: 'multipart/form-data; boundary=X', text: `--X\r\n${head}\r\n\r\n${script.module}\r\n--X--\r\n` },
        }
      },
    ],
    ['DELETE', '/accounts/*/workers/scripts/*', ([, name]) => removed(scripts, name)],
    [
      'POST',
      '/accounts/*/workers/scripts/*/subdomain',
      ([, name = ''], { body }) => {
        subdomains.set(name, body.json)
        return { result: body.json }
      },
    ],
    [
      'GET',
      '/accounts/*/workers/scripts/*/subdomain',
      ([, name = '']) => ({ result: subdomains.get(name) ?? { enabled: false, previews_enabled: false } }),
    ],
    [
      'DELETE',
      '/accounts/*/workers/scripts/*/subdomain',
      ([, name = '']) => {
        subdomains.delete(name)
        return { result: { enabled: false, previews_enabled: false } }
      },
    ],
    [
      'PUT',
      '/accounts/*/workers/domains',
      (_ids, { body }) => {
        const id = newId()
        const domain = {
          id,
          zone_name: 'example.com',
          cert_id: newId(),
          environment: 'production',
          ...(body.json as Json),
        }
        return keep(domains, id, domain)
      },
    ],
    ['GET', '/accounts/*/workers/domains/*', ([, id]) => kept(domains, id)],
    ['DELETE', '/accounts/*/workers/domains/*', ([, id]) => removed(domains, id)],
    [
      'POST',
      '/accounts/*/tokens',
      (_ids, { body }) => {
        const id = newId()
        const token = {
          id,
          status: 'active',
          issued_on: now(),
          modified_on: now(),
          ...withPolicyIds(body.json as Json),
        }
        tokens.set(id, token)
        return { result: { ...token, value: `value-${newId()}` } } // only now: no later call tells it
      },
    ],
    ['GET', '/accounts/*/tokens/*', ([, id]) => kept(tokens, id)],
    ['DELETE', '/accounts/*/tokens/*', ([, id]) => removed(tokens, id)],
  ]
  const compiled = routes.map(([method, path, handler]) => ({
    method,
    pattern: new RegExp(`^${path.replaceAll('*', '([^/]+)')}/?$`),
    handler,
  }))
  return {
    answer(question) {
      for (const { method, pattern, handler } of compiled) {
        const match = method === question.method ? pattern.exec(question.path) : null
        if (match) return handler(match.slice(1).map(decodeURIComponent), question)
      }
      const message = `the fake knows no ${question.method} ${question.path}`
      return { status: 501, error: { code: 7000, message } }
    },
  }
}

function describe(name: string, { created, modified, metadata, module }: Script): Json {
  return {
    id: name,
    etag: createHash('sha256').update(module).digest('hex'),
    handlers: ['fetch'],
    named_handlers: [],
    created_on: created,
    modified_on: modified,
    has_assets: false,
    has_modules: true,
    last_deployed_from: 'terraform',
    usage_model: 'standard',
    logpush: false,
    migration_tag: '',
    startup_time_ms: 3,
    compatibility_date: metadata['compatibility_date'],
    compatibility_flags: metadata['compatibility_flags'] ?? [],
  }
}

/** Secrets come back without their text, and everything in the order of names. */
function settingsOf(script: Script | undefined): Answer {
  if (script === undefined) return NOT_FOUND
  const { bindings = [], compatibility_date, compatibility_flags = [], observability, limits } = script.metadata
  const shown = (bindings as Json[]).map((binding) =>
    MASKED_TYPES.includes(binding['type']) ? { name: binding['name'], type: binding['type'] } : binding,
  )
  return {
    result: {
      bindings: shown.sort((one, other) => (String(one['name']) < String(other['name']) ? -1 : 1)),
      compatibility_date,
      compatibility_flags,
      observability,
      ...(limits === undefined ? {} : { limits }),
      logpush: false,
      placement: {},
      tail_consumers: [],
      usage_model: 'standard',
      tags: [],
    },
  }
}

function withPolicyIds(token: Json): Json {
  const policies = (token['policies'] as Json[]).map((policy) => ({ id: newId(), ...policy }))
  return { ...token, policies }
}

function newId(): string {
  return randomUUID().replaceAll('-', '')
}

function now(): string {
  return new Date().toISOString()
}
