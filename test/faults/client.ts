import { RegistryError } from '../../src/oci/errors.ts'
import { streamOf } from '../suites/client.ts'
import { never } from './faults.ts'
import type { Instance } from './world.ts'

export interface ClientRequest {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly body?: Uint8Array
  /** The length that is announced, if it is not the body's; `null` for none. */
  readonly length?: number | null
  /** Instead of ending, the body breaks off. */
  readonly breaks?: boolean
  readonly headers?: Readonly<Record<string, string>>
}

/** What a client does about a request that failed, before it begins all over again. */
export type Recovery =
  | 'restart' // nothing
  | 'retry' // it sends it once more as it was
  | 'resume' // it asks how far the upload has got, and goes on from there

/** A request that did not succeed: `answer` is its status and codes, or says that there was none. */
export class Refusal extends Error {
  readonly answer: string

  /** @param request its name */
  constructor(request: string, answer: string) {
    super(`${request}: ${answer}`)
    this.answer = answer
  }
}

/** What must never be seen, whatever storage does. */
export class Misbehaviour extends Error {}

const CONNECTION_CUT = 'connection cut'

/** Far more than all that a request may wait for. */
const PATIENCE_MS = 2000

interface Connection {
  readonly registry: Instance
  /** Resolves when the function is killed. */
  readonly killed: Promise<void>
  /** The answer that this operation is rightly given: no failure of its request. */
  readonly expected?: string | undefined
}

/** Sends the requests of one operation, and does by its recovery what a client does when one fails. */
export class Client {
  readonly recovery: Recovery
  #connection: Connection
  readonly #onFailure: (refusal: Refusal) => Promise<Instance>
  /** What was answered to the first request that failed. */
  firstRefusal: Refusal | null = null

  readonly #patienceMs: number

  /**
   * @param onFailure told of the first request that fails; answers where the requests after it go
   * @param patienceMs after which a request counts as never answered
   */
  constructor(
    connection: Connection,
    recovery: Recovery,
    onFailure: (refusal: Refusal) => Promise<Instance>,
    patienceMs = PATIENCE_MS,
  ) {
    this.#connection = connection
    this.recovery = recovery
    this.#onFailure = onFailure
    this.#patienceMs = patienceMs
  }

  /**
   * @param wanted statuses of success
   * @throws {Refusal} when it fails, by `retry` twice
   */
  async send(request: ClientRequest, ...wanted: readonly number[]): Promise<Response> {
    return this.#try(nameOf(request), async (instance) => {
      const response = await instance.fetch(request.path, initOf(request))
      if (wanted.includes(response.status)) return response
      throw new Refusal(nameOf(request), await answerOf(request, response))
    })
  }

  /** What an operator does with the stores themselves, as the same kind of step. */
  async maintain(name: string, act: (instance: Instance) => Promise<unknown>): Promise<void> {
    await this.#try(name, async (instance) => {
      await act(instance).catch((error: unknown) => {
        throw error instanceof RegistryError ? new Refusal(name, `${error.status} ${error.code}`) : error
      })
    })
  }

  async #try<T>(name: string, act: (instance: Instance) => Promise<T>): Promise<T> {
    try {
      return await this.#tryOnce(name, act)
    } catch (error) {
      if (!(error instanceof Refusal) || this.firstRefusal !== null || error.answer === this.#connection.expected)
        throw error
      this.firstRefusal = error
      this.#connection = { ...this.#connection, registry: await this.#onFailure(error), killed: never() }
      if (this.recovery !== 'retry') throw error
      return this.#tryOnce(name, act)
    }
  }

  async #tryOnce<T>(name: string, act: (instance: Instance) => Promise<T>): Promise<T> {
    const { registry, killed } = this.#connection
    const cut = killed.then(() => {
      throw new Refusal(name, CONNECTION_CUT)
    })
    let timer: ReturnType<typeof setTimeout> | undefined
    const hung = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Misbehaviour(`${name} is never answered`))
      }, this.#patienceMs)
    })
    try {
      return await Promise.race([act(registry), cut, hung])
    } finally {
      clearTimeout(timer)
    }
  }
}

function nameOf({ method, path }: ClientRequest): string {
  return `${method} ${path.replace(/state=[^&]*/, 'state=…')}`
}

function initOf(request: ClientRequest): RequestInit & { duplex?: 'half' } {
  const { method, body, breaks = false, headers = {} } = request
  if (body === undefined) return { method, headers }
  const { length = body.length } = request
  const announced: Record<string, string> = length === null ? {} : { 'Content-Length': String(length) }
  const sent = breaks ? broken(body) : streamOf(body)
  return { method, body: sent, duplex: 'half', headers: { ...headers, ...announced } }
}

function broken(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let given = false
  return new ReadableStream({
    pull(controller) {
      if (given) controller.error(new Error('the client has gone'))
      else controller.enqueue(bytes)
      given = true
    },
  })
}

/** Status and codes of a refusal that has the spec's form. */
async function answerOf(request: ClientRequest, response: Response): Promise<string> {
  const text = await response.text()
  const unclean = new Misbehaviour(`${request.method} is answered ${response.status} ${text.slice(0, 300)}`)
  if (response.status < 400 || (response.status >= 500 && response.status !== 503)) throw unclean
  if (request.method === 'HEAD') return String(response.status)
  const { errors = [] } = JSON.parse(text) as { errors?: { code?: string; message?: string }[] }
  if (errors.length === 0 || errors.some(({ code, message }) => !code || !message)) throw unclean
  return `${response.status} ${[...new Set(errors.map(({ code }) => code))].join(' ')}`
}
