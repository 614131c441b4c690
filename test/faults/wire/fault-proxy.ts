import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { arrayBuffer as buffer } from 'node:stream/consumers'

import { listen, type Listener } from './listen.ts'

/** What happens to a request on its way to the storage, or to its answer on the way back. */
export const WIRE_MODES = [
  'closed', // the connection is closed before anything is passed on
  'request cut', // it is closed in the middle of the request's body
  'slow down', // 503, nothing is passed on
  'silent', // nothing is passed on, and nobody answers
  'answer dropped', // the storage acts, and the connection is closed without an answer
  'answer silent', // the storage acts, and nobody answers
  'answer cut', // the connection is closed in the middle of the answer's body
  'answer stalls', // in the middle of the answer's body nothing comes any more
] as const

export type WireMode = (typeof WIRE_MODES)[number]

export interface WireFault {
  readonly mode: WireMode
  /** Which request, counted from 1. */
  readonly at: number
  /** Whether the same request fails again when it is repeated. */
  readonly always: boolean
}

export interface WireCall {
  /** Its method and target. */
  readonly name: string
  /** Whether there are bytes in the request, and in its answer, that can be cut. */
  readonly sends: boolean
  answers: boolean
}

export interface FaultProxy extends Listener {
  /** Every request so far. */
  readonly calls: WireCall[]
  /** The name of the request that was to fail; `null` if it has not come. */
  failed(): string | null
  /** Forgets the requests so far: from now on they count. */
  arm(): void
  /** From now on all is passed on. */
  heal(): void
}

/**
 * Stands between the adapter and its storage.
 *
 * @param target port of the storage on 127.0.0.1
 * @param onCall told of each request before it is passed on: the k-th is the k-th time
 */
export async function startFaultProxy(
  target: number,
  fault: WireFault | null,
  onCall: (count: number) => Promise<void> = () => Promise.resolve(),
): Promise<FaultProxy> {
  const calls: WireCall[] = []
  let faulty: string | null = null
  let armed = false
  let healed = false

  const server = createServer((incoming, outgoing) => {
    const name = `${incoming.method ?? ''} ${(incoming.url ?? '').replace(/[?&]x-id=\w+/, '')}`
    const call = { name, sends: Number(incoming.headers['content-length'] ?? 0) > 0, answers: false }
    const count = calls.push(call)
    incoming.on('error', () => undefined)
    outgoing.on('error', () => undefined)
    const counts = fault !== null && armed && !healed
    if (counts && count === fault.at) faulty = name
    const fails = counts && faulty === name && (fault.always || count === fault.at)
    void onCall(count).then(() => {
      if (fails) misbehave(fault.mode, target, incoming, outgoing)
      else forward(target, incoming, outgoing, call)
    })
  })
  const listener = await listen(server)
  return {
    ...listener,
    calls,
    failed: () => faulty,
    arm() {
      calls.length = 0
      armed = true
    },
    heal() {
      healed = true
    },
  }
}

function misbehave(mode: WireMode, target: number, incoming: IncomingMessage, outgoing: ServerResponse): void {
  switch (mode) {
    case 'closed':
      incoming.socket.destroy()
      return
    case 'silent':
      incoming.resume()
      return
    case 'slow down':
      incoming.resume()
      incoming.on('end', () => {
        outgoing.writeHead(503, { 'Content-Type': 'application/xml' })
        outgoing.end('<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>')
      })
      return
    case 'request cut':
      cutRequest(target, incoming)
      return
    case 'answer dropped':
    case 'answer silent':
    case 'answer cut':
    case 'answer stalls':
      forwardInVain(target, incoming, outgoing, mode)
  }
}

/** Passes half of the body on; of a request without one, nothing. */
function cutRequest(target: number, incoming: IncomingMessage): void {
  const half = Number(incoming.headers['content-length'] ?? 0) / 2
  const forwarded = half === 0 ? null : request(optionsOf(target, incoming))
  forwarded?.on('error', () => undefined)
  if (forwarded === null) incoming.socket.destroy()
  let passed = 0
  incoming.on('data', (piece: Uint8Array) => {
    const part = piece.subarray(0, Math.ceil(half) - passed)
    passed += part.length
    forwarded?.write(part, () => {
      if (passed < half) return
      forwarded.destroy()
      incoming.socket.destroy()
    })
  })
}

function forward(target: number, incoming: IncomingMessage, outgoing: ServerResponse, call: WireCall): void {
  pass(target, incoming, outgoing, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.once('data', () => (call.answers = true))
    answer.pipe(outgoing)
  })
}

/** The storage acts, but the answer does not come through; half of its body does. */
function forwardInVain(target: number, incoming: IncomingMessage, outgoing: ServerResponse, mode: WireMode): void {
  pass(target, incoming, outgoing, (answer) => {
    void buffer(answer).then((body) => {
      if (mode === 'answer silent') return
      if (mode === 'answer dropped') {
        incoming.socket.destroy()
        return
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      outgoing.write(new Uint8Array(body).subarray(0, Math.floor(body.byteLength / 2)), () => {
        if (mode === 'answer cut') incoming.socket.destroy()
      })
    })
  })
}

function pass(
  target: number,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  onAnswer: (answer: IncomingMessage) => void,
): void {
  const forwarded = request(optionsOf(target, incoming), onAnswer)
  forwarded.on('error', () => outgoing.destroy())
  incoming.on('close', () => {
    if (!incoming.complete) forwarded.destroy()
  })
  incoming.pipe(forwarded)
}

/** The Host stays as it came: it is signed. */
function optionsOf(port: number, { method, url: path, headers }: IncomingMessage) {
  return { host: '127.0.0.1', port, method, path, headers, agent: false as const }
}
