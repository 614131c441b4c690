import { buildQueryString, HttpResponse } from '@smithy/core/protocols'
import type { HttpRequest, RequestHandler } from '@smithy/types'

/** How many times longer than an ordinary request some may take: there are stores that copy by rewriting. */
export const PATIENCE = { body: 6, commit: 30 }

const LARGE_BODY_BYTES = 64 * 1024

/**
 * Sends the SDK's requests with `fetch`. The SDK's own handler makes a `Request` of each first, which in workerd
 * holds on to the body long after it was sent: 300 MB of growth for five layers at once, against 70.
 *
 * @param timeoutMs of an ordinary request until its answer is there, or begins if it is an object's bytes; `null` for as
 *   long as it takes
 */
export function createFetchHandler(timeoutMs: number | null): RequestHandler<HttpRequest, HttpResponse> {
  return {
    async handle(request) {
      const abort = new AbortController()
      const late = () => {
        abort.abort()
      }
      const timer = timeoutMs === null ? undefined : setTimeout(late, timeoutMs * patience(request))
      try {
        const response = await fetch(urlOf(request), {
          method: request.method,
          headers: request.headers,
          signal: abort.signal,
          redirect: 'manual',
          ...(hasBody(request) ? { body: request.body as BodyInit, duplex: 'half' } : {}),
        })
        const { status: statusCode, statusText: reason, headers } = response
        const body = streams(request) && response.ok ? response.body : new Response(await response.arrayBuffer()).body
        return {
          response: new HttpResponse({
            statusCode,
            reason,
            body: body ?? new Blob([]),
            headers: Object.fromEntries(headers),
          }),
        }
      } catch (cause) {
        // The SDK knows the words of browsers and Node for a lost connection, but not workerd's.
        const what = abort.signal.aborted ? 'no answer in time' : 'connection lost'
        throw Object.assign(new Error(`Cannot reach storage: ${what}`, { cause }), {
          name: 'TimeoutError',
          $retryable: { throttling: false },
        })
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

function urlOf({ protocol, hostname, port, path, query }: HttpRequest): string {
  const search = buildQueryString(query ?? {})
  return `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}${search === '' ? '' : `?${search}`}`
}

/** Whether the answer is an object's bytes, and not a listing or a few words. */
function streams({ method, query }: HttpRequest): boolean {
  return method === 'GET' && query?.['list-type'] === undefined
}

function hasBody({ method, body }: HttpRequest): boolean {
  return body !== undefined && method !== 'GET' && method !== 'HEAD'
}

function patience({ method, headers }: HttpRequest): number {
  if (headers['x-amz-copy-source'] !== undefined || method === 'POST') return PATIENCE.commit
  return method === 'PUT' && Number(headers['content-length']) > LARGE_BODY_BYTES ? PATIENCE.body : 1
}
