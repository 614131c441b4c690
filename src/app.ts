import { Router, type IRequestStrict } from 'itty-router'

import { codeOf, errorResponse } from './http/error-response.ts'
import { currentTally, emptyTally, logAs, logFault } from './log.ts'
import type { Observer } from './metrics/answered.ts'
import { RegistryError } from './oci/errors.ts'
import { parseRepositoryName } from './oci/repository.ts'
import type { ApiEndpoint } from './routes/api/api-call.ts'
import { API_ROOT } from './routes/api/api-root.ts'
import { API_ENDPOINTS } from './routes/api/endpoints.ts'
import { serveApi } from './routes/api/serve.ts'
import type { OpenCall } from './routes/call.ts'
import {
  OPEN_ENDPOINTS,
  REGISTRY_ENDPOINTS,
  REPOSITORY_ENDPOINTS,
  type Method,
  type Methods,
} from './routes/endpoints.ts'
import type { Services } from './services.ts'

/** As long as the manifests that clients push. */
const MAX_READ_OUT_BYTES = 64 * 1024
/** A client that has said too large a length is not waited for. */
const READ_OUT_MS = 1000

/** What the platform gives with a request: runs work to its end after the answer, and when the client has gone. */
type Background = OpenCall['background']

/** The whole registry: a request in, a response out. Never throws. */
export interface App {
  fetch(request: Request, services: Services, background: Background): Promise<Response>
  /** The answer when there are no services to answer with. */
  refuse(request: Request, reason: RegistryError): Promise<Response>
}

export function createApp(): App {
  const router = Router<IRequestStrict, [Services, Background]>()

  function route<T>(
    path: string,
    methods: Methods<T>,
    answer: (picked: T, call: OpenCall, services: Services) => Promise<Response>,
  ): void {
    const shown = path.replace(/:(\w+)\+?/g, '<$1>')
    router.all(path, async (request, services, background) => {
      const url = new URL(request.url)
      if (!endsAs(path, url)) return undefined
      currentTally().route = shown
      const address = request.headers.get('CF-Connecting-IP')
      const call = { request, url, params: request.params, address, background }
      return answer(pick(methods, request.method), call, services)
    })
  }

  for (const [path, methods] of OPEN_ENDPOINTS) route(path, methods, (handle, call, services) => handle(call, services))
  for (const [path, access, handler] of REGISTRY_ENDPOINTS)
    route(path, { GET: handler, HEAD: handler }, async (handle, call, services) => {
      const caller = await services.authorizer.authorize(call.request, access, null, call.background)
      return handle({ ...call, caller }, services)
    })
  for (const [path, methods] of REPOSITORY_ENDPOINTS)
    route(path, methods, async ([access, handle], call, services) => {
      const repository = parseRepositoryName(call.params['name'] ?? '')
      const caller = await services.authorizer.authorize(call.request, access, repository, call.background)
      return handle({ ...call, repository, caller }, services)
    })
  for (const [path, methods] of apiPaths()) route(path, methods, serveApi)

  return {
    fetch: (request, services, background) =>
      respond(request, services.observers, async () => {
        const response = (await router.fetch(request, services, background)) as Response | undefined
        if (response !== undefined) return response
        throw new RegistryError('UNSUPPORTED', { status: 404, detail: 'no such endpoint' })
      }),
    refuse: (request, reason) => respond(request, [], () => Promise.reject(reason)),
  }
}

/** The API's endpoints by their paths, in the order of the table. */
function apiPaths(): ReadonlyMap<string, Methods<ApiEndpoint>> {
  const paths = new Map<string, Methods<ApiEndpoint>>()
  for (const endpoint of API_ENDPOINTS) {
    const path = API_ROOT + endpoint.path
    paths.set(path, { ...paths.get(path), [endpoint.method]: endpoint })
  }
  return paths
}

/** Itty lets slashes follow anything: a path is taken only with the slash that its route has. */
function endsAs(route: string, { pathname }: URL): boolean {
  return route.endsWith('/') ? !pathname.endsWith('//') : !pathname.endsWith('/')
}

/** What every answer has in common, refusals too: one request id, which its log lines have as well. */
async function respond(
  request: Request,
  observers: readonly Observer[],
  answer: () => Promise<Response>,
): Promise<Response> {
  const began = Date.now()
  const ray = request.headers.get('CF-Ray') ?? ''
  const requestId = /^[\w-]{1,100}$/.test(ray) ? ray : crypto.randomUUID()
  const logged = { requestId, method: request.method, path: new URL(request.url).pathname }
  const tally = emptyTally()
  let code: string | null = null
  const answered = await logAs(logged, tally, () =>
    answer().catch(async (thrown: unknown) => {
      await readOut(request)
      code = codeOf(thrown)
      return errorResponse(thrown, requestId, logFault)
    }),
  )
  const response = request.method === 'HEAD' ? new Response(null, answered) : answered
  response.headers.set('Docker-Distribution-Api-Version', 'registry/2.0')
  response.headers.set('X-Request-Id', requestId)
  const milliseconds = Date.now() - began
  const seen = { request: logged, tally, status: response.status, code, milliseconds }
  for (const observe of observers) observe(seen)
  return response
}

/** Takes in the rest of a small request before it is refused: containerd may wait for ever when the answer comes earlier. */
async function readOut({ body, bodyUsed, headers }: Request): Promise<void> {
  const length = Number(headers.get('Content-Length') ?? NaN)
  if (body === null || bodyUsed || !(length <= MAX_READ_OUT_BYTES)) return
  const reader = body.getReader()
  const timer = setTimeout(() => void reader.cancel().catch(() => undefined), READ_OUT_MS)
  try {
    while (!(await reader.read()).done);
  } catch {
    // It has broken off: the refusal may still be heard.
  } finally {
    clearTimeout(timer)
  }
}

/** @throws {RegistryError} `UNSUPPORTED` (405) with `Allow` */
function pick<T>(methods: Methods<T>, method: string): T {
  const picked = Object.hasOwn(methods, method) ? methods[method as Method] : undefined
  if (picked !== undefined) return picked
  throw new RegistryError('UNSUPPORTED', { headers: { Allow: Object.keys(methods).join(', ') }, detail: { method } })
}
