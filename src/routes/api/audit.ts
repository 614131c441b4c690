import { REGISTRY_EVENTS, type AuditSubject } from '../../storage/audit-log.ts'
import { forEachOf } from '../../storage/concurrency.ts'
import { RegistryError } from '../../oci/errors.ts'
import { endpoint, namespaceIn, type ApiCall, type ApiEndpoint } from './api-call.ts'
import { listing, parseApiPage } from './listing.ts'
import { requireNamespace } from './namespaces.ts'
import * as schemas from './schemas.ts'

const query = { since: 'a moment (RFC 3339): only what came after it' }

/** What was changed by whom: of a namespace for its owners, of the registry for administrators. */
export const AUDIT_ENDPOINTS: readonly ApiEndpoint[] = [
  endpoint({
    method: 'GET',
    path: '/namespaces/:namespace/audit',
    access: 'namespace',
    summary: 'Lists changes in a namespace, the oldest first',
    query,
    answer: [200, schemas.page(schemas.auditEvent)],
    // What a namespace of this name was before is no business of its owners now.
    handle: async (call) => listEvents(call, namespaceIn(call), (await requireNamespace(call)).createdAt),
  }),
  endpoint({
    method: 'GET',
    path: '/audit',
    access: 'administrator',
    summary: 'Lists changes of users and organisations, the oldest first',
    query,
    answer: [200, schemas.page(schemas.auditEvent)],
    handle: (call) => listEvents(call, REGISTRY_EVENTS),
  }),
]

async function listEvents(call: ApiCall, about: AuditSubject, earliest = ''): Promise<Response> {
  const { auditLog } = call.accounts
  const page = parseApiPage(call)
  const since = parseSince(call.url.searchParams.get('since'))
  const after = [page.after, since, earliest].sort().at(-1) ?? ''
  const { names, more } = await auditLog.list(about, { after, limit: page.limit })
  const found = await forEachOf(names, async (id) => {
    const event = await auditLog.get(about, id)
    return event === null ? [] : [{ id, ...event }]
  })
  return listing(call, page, found.flat(), more ? names.at(-1) : undefined)
}

/** In the form of the events' names, which begin with their moment. */
function parseSince(since: string | null): string {
  if (since === null) return ''
  const time = Date.parse(since)
  if (!/^\d{4}-\d\d-\d\d/.test(since) || Number.isNaN(time))
    throw new RegistryError('REQUEST_INVALID', { detail: 'since is no moment such as 2026-11-24T12:00:00Z' })
  return new Date(time).toISOString()
}
