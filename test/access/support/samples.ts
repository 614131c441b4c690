import { OPEN_ENDPOINTS, REGISTRY_ENDPOINTS, REPOSITORY_ENDPOINTS } from '../../../src/routes/endpoints.ts'
import { API_ROOT } from '../../../src/routes/api/api-root.ts'
import { API_ENDPOINTS } from '../../../src/routes/api/endpoints.ts'
import type { Access } from '../../../src/auth/access.ts'
import type { ApiAccess } from '../../../src/accounts/api-access.ts'
import { EMPTY_INDEX, ISSUER, type World } from './world.ts'
import type { State } from './matrix.ts'

/** A method of a path of the registry's route tables, with what it needs there. */
export interface Route {
  /** As in the sample table, such as `GET /v2/:name+/tags/list`. */
  readonly key: string
  readonly method: string
  readonly path: string
  readonly access: Access | ApiAccess | 'open'
}

export const ROUTES: readonly Route[] = [
  ...OPEN_ENDPOINTS.flatMap(([path, methods]) => Object.keys(methods).map((method) => route(method, path, 'open'))),
  ...REGISTRY_ENDPOINTS.flatMap(([path, access]) => ['GET', 'HEAD'].map((method) => route(method, path, access))),
  ...REPOSITORY_ENDPOINTS.flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, [access]]) => route(method, path, access)),
  ),
  ...API_ENDPOINTS.map(({ method, path, access }) => route(method, API_ROOT + path, access)),
]

function route(method: string, path: string, access: Route['access']): Route {
  return { key: `${method} ${path}`, method, path, access }
}

/** A request that fits its route, and how it is answered when nothing stands in the way. */
export interface Sample {
  /** What `:session`, `:digest`, and so on stand for. */
  readonly parameters?: (world: World, state: State) => Readonly<Record<string, string>>
  readonly query?: (world: World, state: State) => Readonly<Record<string, string>>
  readonly body?: unknown
  readonly contentType?: string
  /** Where there is something, and where there is nothing (the same unless said). */
  readonly there: string
  readonly missing?: string
  /** In a namespace that is not there, for those who may look; as `missing` unless said. */
  readonly nowhere?: string
}

const session = {
  parameters: ({ uploads }: World, state: State) => ({ session: uploads[state].id }),
  query: ({ uploads }: World, state: State) => ({ state: uploads[state].state }),
}
const blob = { parameters: ({ images }: World, state: State) => ({ digest: configOf(images[state].text) }) }
const manifest = { parameters: () => ({ reference: 'v1' }) }
const subject = { parameters: ({ images }: World, state: State) => ({ digest: images[state].digest }) }
const tag = { parameters: () => ({ tag: 'v1' }) }
const noNamespace = '404 NAMESPACE_UNKNOWN'

/** Every route has one: what is not here fails the test. */
export const SAMPLES: Readonly<Record<string, Sample>> = {
  'GET /token': { there: '200' },
  'POST /token': { there: '200' },
  'GET /api/v1/openapi.json': { there: '200' },
  'GET /healthz': { there: '200' },
  'HEAD /healthz': { there: '200' },
  'GET /readyz': { there: '200' },
  'HEAD /readyz': { there: '200' },
  'GET /metrics': { there: '200' },

  'GET /v2/': { there: '200' },
  'HEAD /v2/': { there: '200' },
  'GET /v2/_catalog': { there: '200' },
  'HEAD /v2/_catalog': { there: '200' },
  'POST /v2/:name+/blobs/uploads/': { there: '202' },
  'PATCH /v2/:name+/blobs/uploads/:session': { ...session, body: 'bytes', there: '202' },
  'PUT /v2/:name+/blobs/uploads/:session': {
    ...session,
    query: (world, state) => ({ ...session.query(world, state), digest: EMPTY_INDEX.digest }),
    body: EMPTY_INDEX.text,
    there: '201',
  },
  'GET /v2/:name+/blobs/uploads/:session': { ...session, there: '204' },
  'DELETE /v2/:name+/blobs/uploads/:session': { ...session, there: '204' },
  'GET /v2/:name+/blobs/:digest': { ...blob, there: '307', missing: '404 BLOB_UNKNOWN' },
  'HEAD /v2/:name+/blobs/:digest': { ...blob, there: '200', missing: '404' },
  'DELETE /v2/:name+/blobs/:digest': { ...blob, there: '202', missing: '404 BLOB_UNKNOWN' },
  'GET /v2/:name+/manifests/:reference': { ...manifest, there: '200', missing: '404 MANIFEST_UNKNOWN' },
  'HEAD /v2/:name+/manifests/:reference': { ...manifest, there: '200', missing: '404' },
  'PUT /v2/:name+/manifests/:reference': {
    ...manifest,
    body: EMPTY_INDEX.text,
    contentType: EMPTY_INDEX.mediaType,
    there: '201',
  },
  'DELETE /v2/:name+/manifests/:reference': { ...manifest, there: '202', missing: '404 MANIFEST_UNKNOWN' },
  'GET /v2/:name+/tags/list': { there: '200', missing: '404 NAME_UNKNOWN' },
  'HEAD /v2/:name+/tags/list': { there: '200', missing: '404' },
  'GET /v2/:name+/referrers/:digest': { ...subject, there: '200' },
  'HEAD /v2/:name+/referrers/:digest': { ...subject, there: '200' },

  'GET /api/v1/whoami': { there: '200' },
  'GET /api/v1/users': { there: '200' },
  'POST /api/v1/users': { body: { name: 'newcomer' }, there: '201' },
  'GET /api/v1/organisations': { there: '200' },
  'POST /api/v1/organisations': { body: { name: 'newcomers' }, there: '201' },
  'GET /api/v1/namespaces/:namespace': { there: '200', nowhere: noNamespace },
  'PATCH /api/v1/namespaces/:namespace': { body: { defaultVisibility: 'public' }, there: '200', nowhere: noNamespace },
  'DELETE /api/v1/namespaces/:namespace': { there: '409 CONFLICT', nowhere: noNamespace },
  'GET /api/v1/namespaces/:namespace/members': { there: '200', nowhere: noNamespace },
  'PUT /api/v1/namespaces/:namespace/members/:user': {
    parameters: () => ({ user: 'other' }),
    body: { role: 'reader' },
    there: '200',
    nowhere: noNamespace,
  },
  'DELETE /api/v1/namespaces/:namespace/members/:user': {
    parameters: () => ({ user: 'reader' }),
    there: '204',
    nowhere: noNamespace,
  },
  'GET /api/v1/namespaces/:namespace/tokens': { there: '200', nowhere: noNamespace },
  'POST /api/v1/namespaces/:namespace/tokens': {
    body: { name: 'new', scopes: [{ repositories: 'acme/*', actions: ['pull'] }] },
    there: '201',
    nowhere: noNamespace,
  },
  'DELETE /api/v1/namespaces/:namespace/tokens/:id': {
    parameters: ({ spare }) => ({ id: spare.token }),
    there: '204',
    nowhere: '404 TOKEN_UNKNOWN',
  },
  'GET /api/v1/namespaces/:namespace/trust-rules': { there: '200', nowhere: noNamespace },
  'POST /api/v1/namespaces/:namespace/trust-rules': {
    body: { issuer: ISSUER, claims: { sub: 'new' }, repositories: ['acme/new'], actions: ['pull'] },
    there: '201',
    nowhere: noNamespace,
  },
  'DELETE /api/v1/namespaces/:namespace/trust-rules/:id': {
    parameters: ({ spare }) => ({ id: spare.trustRule }),
    there: '204',
    nowhere: '404 TRUST_RULE_UNKNOWN',
  },
  'GET /api/v1/namespaces/:namespace/audit': { there: '200', nowhere: noNamespace },
  'GET /api/v1/audit': { there: '200' },
  'GET /api/v1/repositories': { there: '200' },
  'GET /api/v1/repositories/:name+/_tags': { there: '200', missing: '404 NAME_UNKNOWN' },
  'DELETE /api/v1/repositories/:name+/_tags/:tag': { ...tag, there: '204', missing: '404 TAG_UNKNOWN' },
  'GET /api/v1/repositories/:name+/_tags/:tag/_history': { ...tag, there: '200', missing: '404 NAME_UNKNOWN' },
  'GET /api/v1/repositories/:name+': { there: '200', missing: '404 NAME_UNKNOWN' },
  'PATCH /api/v1/repositories/:name+': {
    body: { description: 'new' },
    there: '200',
    missing: '404 NAME_UNKNOWN',
  },
  'DELETE /api/v1/repositories/:name+': { there: '200', missing: '404 NAME_UNKNOWN' },
}

/** The digest of an image's config, as its manifest names it; of what is no image, any digest. */
function configOf(text: string): string {
  return /sha256:[0-9a-f]{64}/.exec(text)?.[0] ?? EMPTY_INDEX.digest
}
