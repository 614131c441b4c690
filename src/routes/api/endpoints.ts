import type { ApiEndpoint } from './api-call.ts'
import { AUDIT_ENDPOINTS } from './audit.ts'
import { MEMBER_ENDPOINTS } from './members.ts'
import { NAMESPACE_ENDPOINTS } from './namespaces.ts'
import { REPOSITORY_API_ENDPOINTS } from './repositories.ts'
import { TOKEN_ENDPOINTS } from './tokens.ts'
import { TRUST_RULE_ENDPOINTS } from './trust-rules.ts'
import { WHO_AM_I_ENDPOINTS } from './who-am-i.ts'

/** Every endpoint of the API; of those with the same method, the first whose path fits is taken. */
export const API_ENDPOINTS: readonly ApiEndpoint[] = [
  ...WHO_AM_I_ENDPOINTS,
  ...NAMESPACE_ENDPOINTS,
  ...MEMBER_ENDPOINTS,
  ...TOKEN_ENDPOINTS,
  ...TRUST_RULE_ENDPOINTS,
  ...AUDIT_ENDPOINTS,
  ...REPOSITORY_API_ENDPOINTS,
]
