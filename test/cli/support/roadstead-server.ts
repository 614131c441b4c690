import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

import { onTestFinished } from 'vitest'

import { createAccountRegistry, type AccountRegistry } from '../../suites/account-registry.ts'
import { pushImage, type TestManifest } from '../../suites/client.ts'

export interface RoadsteadServer {
  readonly registry: AccountRegistry
  /** As people write it: `127.0.0.1:40001`. */
  readonly address: string
  /** Method and path of each request so far. */
  readonly requests: readonly string[]
  /** Pushes a small image as the administrator. */
  push(repository: string, tag: string): Promise<TestManifest>
}

export const GITHUB = 'https://token.actions.githubusercontent.com'

/** A registry with accounts, in memory, that listens on this machine until the test is over. */
export async function startRoadsteadServer(): Promise<RoadsteadServer> {
  const registry = createAccountRegistry({ oidcIssuers: [GITHUB] })
  const requests: string[] = []
  const { address } = await listen((request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`)
    void answer(registry, request, response)
  })
  return {
    registry,
    address,
    requests,
    push: (repository, tag) =>
      pushImage(
        {
          ...registry,
          fetch: (path, init) => registry.as(registry.admin, [`repository:${repository}:pull,push`], path, init),
        },
        repository,
        tag,
      ),
  }
}

/** An HTTP server of this machine until the test is over. */
export async function listen(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ readonly address: string }> {
  const server = createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function answer(registry: AccountRegistry, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) headers.set(name, String(value))
  const body = await buffer(request)
  const answered = await registry.fetch(request.url ?? '/', {
    method: request.method ?? 'GET',
    headers,
    ...(body.length === 0 ? {} : { body }),
  })
  response.writeHead(answered.status, Object.fromEntries(answered.headers))
  response.end(new Uint8Array(await answered.arrayBuffer()))
}
