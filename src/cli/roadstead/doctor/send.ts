import type { LookupAddress } from 'node:dns'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { Readable } from 'node:stream'

import { firstLine } from '../../../node/failure.ts'

const MAX_ANSWER_BYTES = 2 ** 20
const CHUNK_BYTES = 256 * 1024

export interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** Times as long as usual, for a large body. */
  readonly patience?: number
}

export interface Answer {
  readonly url: URL
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array
  /** By this machine's clock, in milliseconds: when it was asked, and when the head of the answer came. */
  readonly askedAt: number
  readonly answeredAt: number
}

/** One request. A redirect is an answer like any other. @throws {NoAnswer} */
export type Send = (url: URL, ask?: Ask) => Promise<Answer>

export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>

/** @throws {NoAnswer} when it takes longer than `timeoutMs` */
export async function resolveInTime({ resolve, timeoutMs }: Network, hostname: string) {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new NoAnswer(`the name service has not answered within ${timeoutMs / 1000} s`))
    }, timeoutMs)
  })
  try {
    return await Promise.race([resolve(hostname), late])
  } finally {
    clearTimeout(timer)
  }
}

export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
}

export interface Network {
  readonly resolve: Resolve
  /** Authorities to believe, PEM; those of Node unless given. */
  readonly ca: readonly string[] | null
  readonly timeoutMs: number
}

/** @param signal ends what is under way */
export function createSend({ resolve, ca, timeoutMs }: Network, signal: AbortSignal | null = null): Send {
  return (url, { method = 'GET', headers = {}, body, patience = 1 } = {}) =>
    new Promise((settle, reject) => {
      const askedAt = Date.now()
      const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url.href, {
        method,
        headers: { ...headers, ...(body === undefined ? {} : { 'Content-Length': String(body.length) }) },
        agent: false,
        lookup: lookupOf(resolve),
        ...(ca === null ? {} : { ca: [...ca] }),
      })
      const end = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', stop)
        request.destroy() // an answer may come before all is sent
      }
      const give = (why: string) => {
        end()
        reject(new NoAnswer(`${url.host} ${why}`))
      }
      const timer = setTimeout(() => {
        give(`has not answered within ${(timeoutMs * patience) / 1000} s`)
      }, timeoutMs * patience)
      const stop = () => {
        give('is not asked any more')
      }
      signal?.addEventListener('abort', stop)
      request.on('error', (error) => {
        give(`cannot be reached: ${reasonOf(error)}`)
      })
      request.on('response', (response) => {
        const answeredAt = Date.now()
        const done = (bytes: Uint8Array) => {
          end()
          settle({
            url,
            status: response.statusCode ?? 0,
            headers: headersOf(response),
            body: bytes,
            askedAt,
            answeredAt,
          })
        }
        read(response).then(done, (error: unknown) => {
          give(`has broken off its answer: ${reasonOf(error)}`)
        })
      })
      if (body === undefined) request.end()
      else Readable.from(slices(body)).pipe(request)
    })
}

async function read(response: IncomingMessage): Promise<Uint8Array> {
  const bytes = new Uint8Array(MAX_ANSWER_BYTES)
  let size = 0
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    if (size + chunk.length > MAX_ANSWER_BYTES) throw new Error('it is too large')
    bytes.set(chunk, size)
    size += chunk.length
  }
  return bytes.slice(0, size)
}

function* slices(body: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < body.length; at += CHUNK_BYTES) yield body.subarray(at, at + CHUNK_BYTES)
}

function headersOf({ headersDistinct }: IncomingMessage): Headers {
  const headers = new Headers()
  for (const [name, values = []] of Object.entries(headersDistinct))
    for (const value of values) headers.append(name, value)
  return headers
}

export function lookupOf(resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (found) => {
        const [first] = found
        if (first === undefined) callback(new Error(`${hostname} has no address`), '')
        else if (options.all) callback(null, [...found])
        else callback(null, first.address, first.family)
      },
      (error: unknown) => {
        callback(error instanceof Error ? error : new Error(String(error)), '')
      },
    )
  }
}

/** Some errors are made of one for each address, and have no words of their own. */
export function reasonOf(error: unknown): string {
  return error instanceof AggregateError && error.errors.length > 0 ? firstLine(error.errors[0]) : firstLine(error)
}

export function textOfAnswer({ body }: Answer): string {
  return new TextDecoder().decode(body)
}

export function jsonOfAnswer(answer: Answer): unknown {
  try {
    return JSON.parse(textOfAnswer(answer))
  } catch {
    return null
  }
}
