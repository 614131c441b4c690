import { bearerOf } from '../../accounts/authenticate.ts'
import { identify, requireAccess } from '../../accounts/api-access.ts'
import { noteTokenUse } from '../../accounts/token-use.ts'
import { nameOf, tokenIdOf } from '../../accounts/principal.ts'
import { readText } from '../../http/read-text.ts'
import { RegistryError } from '../../oci/errors.ts'
import { essence } from '../../oci/media-types.ts'
import { parseNamespaceName } from '../../oci/namespace.ts'
import { parseRepositoryName } from '../../oci/repository.ts'
import type { Services } from '../../services.ts'
import { appendEvent, requireAccounts, type OpenCall } from '../call.ts'
import type { ApiCall, ApiEndpoint } from './api-call.ts'

const MAX_BODY_BYTES = 64 * 1024

/**
 * Answers one request of the API: who it is, whether they may, what the body says, and only then what is done.
 *
 * @throws {RegistryError} `UNSUPPORTED` (404) where there are no accounts; `UNAUTHORIZED`, `DENIED`; `NAME_INVALID`,
 *   `NAMESPACE_INVALID`, `REQUEST_INVALID`
 */
export async function serveApi(endpoint: ApiEndpoint, call: OpenCall, services: Services): Promise<Response> {
  const accounts = requireAccounts(services)
  const { params, request, address } = call
  const now = services.now()
  const namespace = params['namespace'] === undefined ? null : parseNamespaceName(params['namespace'])
  const repository = params['name'] === undefined ? null : parseRepositoryName(params['name'])

  const principal = await identify(accounts, request.headers, address, now)
  await requireAccess(accounts, principal, { access: endpoint.access, namespace, repository })
  const by = nameOf(principal)
  const apiCall: ApiCall = { ...call, services, accounts, principal, by, now, audit }
  const response = await endpoint.handle(apiCall, await readBody(endpoint, request))
  call.background(noteTokenUse(accounts.accessTokens, bearerOf(principal), now))
  response.headers.set('Cache-Control', 'no-store')
  return response

  async function audit(...[about, action, subject, detail = {}]: Parameters<ApiCall['audit']>): Promise<void> {
    const event = { at: now.toISOString(), by, token: tokenIdOf(principal), action, subject, detail }
    await appendEvent(accounts, address, about, event)
  }
}

async function readBody({ body: schema }: ApiEndpoint, request: Request): Promise<unknown> {
  if (schema === undefined) return undefined
  // A form of a page elsewhere, sent by a browser that remembers a login, can say anything but this.
  if (essence(request.headers.get('Content-Type')) !== 'application/json')
    throw new RegistryError('REQUEST_INVALID', { detail: 'the body is not application/json' })
  const parsed = schema.safeParse(parseJson(await readText(request, MAX_BODY_BYTES)))
  if (parsed.success) return parsed.data
  const details = parsed.error.issues.map(({ path, message }) => ({ at: path.join('.'), message }))
  throw new RegistryError('REQUEST_INVALID', { details })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new RegistryError('REQUEST_INVALID', { detail: 'the body is not JSON', cause })
  }
}
