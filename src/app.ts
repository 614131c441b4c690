import { Router, type IRequestStrict } from 'itty-router'

import type { Access } from './auth/access.ts'
import { errorResponse } from './http/error-response.ts'
import { logAs, logFault } from './log.ts'
import { RegistryError } from './oci/errors.ts'
import { parseRepositoryName } from './oci/repository.ts'
import { getBase } from './routes/base.ts'
import { deleteBlob, getBlob } from './routes/blobs.ts'
import type { Call, Handler, RepositoryHandler } from './routes/call.ts'
import { listRepositories } from './routes/catalog.ts'
import { getManifest, putManifest, removeManifest } from './routes/manifests.ts'
import { getReferrers } from './routes/referrers.ts'
import { listTags } from './routes/tags.ts'
import { appendToUpload, cancelUpload, closeUpload, getUpload, startUpload } from './routes/uploads.ts'
import type { Services } from './services.ts'

type Methods = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
type Route = readonly [access: Access, handler: RepositoryHandler]

/** What is asked of the registry as a whole. */
const REGISTRY_ROUTES: readonly (readonly [path: string, access: Access, handler: Handler])[] = [
  ['/v2/', 'none', getBase], // end-1
  ['/v2/_catalog', 'catalog', listRepositories],
]

/**
 * Each endpoint of the spec, the access it needs on the repository in its path, and who answers it. The first path
 * that fits is taken. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#endpoints
 */
const ROUTES: readonly (readonly [path: string, methods: Readonly<Partial<Record<Methods, Route>>>])[] = [
  [
    '/v2/:name+/blobs/uploads/',
    { POST: ['push', startUpload] }, // end-4a, end-4b, end-11
  ],
  [
    '/v2/:name+/blobs/uploads/:session',
    {
      PATCH: ['push', appendToUpload], // end-5
      PUT: ['push', closeUpload], // end-6
      GET: ['push', getUpload], // end-13
      DELETE: ['push', cancelUpload],
    },
  ],
  [
    '/v2/:name+/blobs/:digest',
    { GET: ['pull', getBlob], HEAD: ['pull', getBlob], DELETE: ['delete', deleteBlob] }, // end-2, end-10
  ],
  [
    '/v2/:name+/manifests/:reference',
    {
      GET: ['pull', getManifest], // end-3
      HEAD: ['pull', getManifest],
      PUT: ['push', putManifest], // end-7
      DELETE: ['delete', removeManifest], // end-9
    },
  ],
  [
    '/v2/:name+/tags/list',
    { GET: ['pull', listTags], HEAD: ['pull', listTags] }, // end-8a, end-8b
  ],
  [
    '/v2/:name+/referrers/:digest',
    { GET: ['pull', getReferrers], HEAD: ['pull', getReferrers] }, // end-12a, end-12b
  ],
]

/** What the platform gives with a request: runs work to its end after the answer, and when the client has gone. */
type Background = Call['background']

/** The whole registry: a request in, a response out. Never throws. */
export interface App {
  fetch(request: Request, services: Services, background: Background): Promise<Response>
  /** The answer when there are no services to answer with. */
  refuse(request: Request, reason: RegistryError): Promise<Response>
}

export function createApp(): App {
  const router = Router<IRequestStrict, [Services, Background]>()
  for (const [path, access, handler] of REGISTRY_ROUTES) {
    router.all(path, async (request, services, background) => {
      if (!endsAs(path, new URL(request.url))) return undefined
      const handle = pick({ GET: handler, HEAD: handler }, request.method)
      const caller = await services.authorizer.authorize(request, access, null)
      return handle({ request, url: new URL(request.url), params: {}, caller, background }, services)
    })
  }
  for (const [path, methods] of ROUTES) {
    router.all(path, async (request, services, background) => {
      const url = new URL(request.url)
      if (!endsAs(path, url)) return undefined
      const [access, handle] = pick(methods, request.method)
      const repository = parseRepositoryName(request.params['name'] ?? '')
      const caller = await services.authorizer.authorize(request, access, repository)
      return handle({ request, url, params: request.params, repository, caller, background }, services)
    })
  }

  return {
    fetch: (request, services, background) =>
      respond(request, async () => {
        const response = (await router.fetch(request, services, background)) as Response | undefined
        if (response !== undefined) return response
        throw new RegistryError('UNSUPPORTED', { status: 404, detail: 'no such endpoint' })
      }),
    refuse: (request, reason) => respond(request, () => Promise.reject(reason)),
  }
}

/** Itty lets slashes follow anything: a path is taken only with the slash that its route has. */
function endsAs(route: string, { pathname }: URL): boolean {
  return route.endsWith('/') ? !pathname.endsWith('//') : !pathname.endsWith('/')
}

/** What every answer has in common, refusals too: one request id, which its log lines have as well. */
async function respond(request: Request, answer: () => Promise<Response>): Promise<Response> {
  const ray = request.headers.get('CF-Ray') ?? ''
  const requestId = /^[\w-]{1,100}$/.test(ray) ? ray : crypto.randomUUID()
  const { pathname: path } = new URL(request.url)
  const answered = await logAs({ requestId, method: request.method, path }, () =>
    answer().catch((thrown: unknown) => errorResponse(thrown, logFault)),
  )
  const response = request.method === 'HEAD' ? new Response(null, answered) : answered
  response.headers.set('Docker-Distribution-Api-Version', 'registry/2.0')
  response.headers.set('X-Request-Id', requestId)
  return response
}

/** @throws {RegistryError} `UNSUPPORTED` (405) with `Allow` */
function pick<T>(methods: Readonly<Partial<Record<Methods, T>>>, method: string): T {
  const picked = Object.hasOwn(methods, method) ? methods[method as Methods] : undefined
  if (picked !== undefined) return picked
  throw new RegistryError('UNSUPPORTED', { headers: { Allow: Object.keys(methods).join(', ') }, detail: { method } })
}
