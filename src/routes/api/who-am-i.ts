import { memberOf } from '../../accounts/permissions.ts'
import { isAdministrator } from '../../accounts/api-access.ts'
import { nameOf, type Principal } from '../../accounts/principal.ts'
import { MAX_ORGANISATIONS } from '../../accounts/visible-repositories.ts'
import { forEachOf } from '../../storage/concurrency.ts'
import { endpoint, type ApiCall, type ApiEndpoint } from './api-call.ts'
import * as schemas from './schemas.ts'

export const WHO_AM_I_ENDPOINTS: readonly ApiEndpoint[] = [
  endpoint({
    method: 'GET',
    path: '/whoami',
    access: 'login',
    summary: 'Tells who the token is of, what it is for, and to which organisations that user belongs',
    answer: [200, schemas.whoAmI],
    handle: whoAmI,
  }),
]

async function whoAmI(call: ApiCall): Promise<Response> {
  const { principal } = call
  return Response.json({
    name: nameOf(principal),
    kind: principal.kind === 'operator' ? 'user' : principal.kind,
    administrator: isAdministrator(principal),
    token: tokenOf(principal),
    organisations: await organisationsOf(call),
  })
}

function tokenOf(principal: Principal) {
  if (principal.kind !== 'user' && principal.kind !== 'robot') return null
  const { id, name, grants, expiresAt } = principal.token
  return { id, name, scopes: grants, expiresAt }
}

async function organisationsOf({ accounts, principal }: ApiCall) {
  if (principal.kind !== 'user') return []
  const { organisations } = await accounts.members.listOrganisations(principal.name, { limit: MAX_ORGANISATIONS })
  const memberships = await forEachOf(organisations, async (name) => {
    const member = await memberOf(accounts, name, principal)
    return member === null ? [] : [{ name, role: member.role }]
  })
  return memberships.flat()
}
