import * as z from 'zod'

import { ACTIONS, isRepositoryPattern, ROLES } from '../../auth/permission.ts'
import { isNamespaceName } from '../../oci/namespace.ts'
import { isRepositoryName } from '../../oci/repository.ts'

/** What goes in and out of the API under `/api/v1`. The OpenAPI document is made from these. */

const MAX_SCOPES_OF_A_TOKEN = 20
const MAX_ENTRIES = 100
const MAX_TEXT = 500
const NOTHING_TO_CHANGE = 'there is nothing to change in it'
const hasSome = (change: object) => Object.keys(change).length > 0

const time = z.iso.datetime({ offset: false })
const oneLine = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u, 'only one line, without control characters')

const namespaceName = z
  .string()
  .refine(isNamespaceName, 'lowercase letters and digits, with . _ or - between them, at most 64')
const repositoryName = z.string().refine(isRepositoryName, 'not a repository name')
const repositoryPattern = z
  .string()
  .max(255)
  .refine(isRepositoryPattern, 'a repository name, a beginning of one with * after it, or *')

const visibility = z.enum(['private', 'public'])
const role = z.enum(ROLES)

export const scope = z.strictObject({
  repositories: repositoryPattern.describe('a repository, a beginning of names with * after it, or * for all'),
  actions: z.array(z.enum(ACTIONS)).min(1).max(ACTIONS.length),
})

export const whoAmI = z.object({
  name: z.string().describe('as it stands in tag records and in the audit log; empty for nobody'),
  kind: z.enum(['anonymous', 'user', 'robot', 'workload']),
  administrator: z.boolean(),
  token: z
    .object({ id: z.string(), name: z.string(), scopes: z.array(scope), expiresAt: time.nullable() })
    .nullable()
    .describe('the token that this request came with; null for one that has no record'),
  organisations: z.array(z.object({ name: z.string(), role: role.nullable() })),
})

export const newNamespace = z.strictObject({
  name: namespaceName,
  administrator: z.boolean().optional().describe('of a user: may do everything in this registry'),
  owner: namespaceName.optional().describe('of an organisation: the user who is its first owner'),
  defaultVisibility: visibility.optional().describe('of its repositories when they are created; private unless given'),
})

export const namespace = z.object({
  name: z.string(),
  kind: z.enum(['user', 'organisation']),
  administrator: z.boolean(),
  defaultVisibility: visibility,
  createdAt: time,
  createdBy: z.string(),
})

export const namespaceChange = z
  .strictObject({
    defaultVisibility: visibility.optional(),
    administrator: z.boolean().optional().describe('of a user; only administrators can change it'),
  })
  .refine(hasSome, NOTHING_TO_CHANGE)

export const memberChange = z.strictObject({
  role: role.nullable().describe('in all repositories of the organisation; null for none but those named'),
  repositories: z
    .record(repositoryName, role)
    .refine((roles) => Object.keys(roles).length <= MAX_ENTRIES, `at most ${MAX_ENTRIES}`)
    .optional()
    .describe('more than that in single repositories, by their whole names'),
})

export const member = z.object({
  user: z.string(),
  role: role.nullable(),
  repositories: z.record(z.string(), role),
  addedAt: time,
  addedBy: z.string(),
})

export const repository = z.object({
  name: z.string(),
  visibility,
  description: z.string(),
  createdAt: time,
})

export const repositoryChange = z
  .strictObject({
    visibility: visibility.optional(),
    description: z.string().max(MAX_TEXT).optional(),
  })
  .refine(hasSome, NOTHING_TO_CHANGE)

export const removal = z.object({
  done: z.boolean().describe('false when there is more to remove than one request may: ask again'),
})

export const tag = z.object({
  name: z.string(),
  digest: z.string(),
  mediaType: z.string(),
  size: z.int().describe('bytes of the manifest'),
  pushedAt: z.string(),
  pushedBy: z.string(),
})

export const tagMove = z.object({
  digest: z.string().nullable().describe('null for a deletion'),
  pushedAt: z.string(),
  pushedBy: z.string(),
})

export const newToken = z.strictObject({
  name: oneLine,
  scopes: z.array(scope).min(1).max(MAX_SCOPES_OF_A_TOKEN),
  expiresAt: time.nullable().optional().describe('null, or nothing, for never'),
})

export const token = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.array(scope),
  expiresAt: time.nullable(),
  createdAt: time,
  createdBy: z.string(),
  lastUsedAt: time.nullable().describe('to the hour; null for never'),
})

export const createdToken = token.extend({ token: z.string().describe('shown here and never again') })

export const newTrustRule = z.strictObject({
  issuer: z.url().max(MAX_TEXT),
  audience: z.string().min(1).max(MAX_TEXT).optional().describe("the registry's own host unless given"),
  claims: z
    .record(z.string().min(1).max(100), z.string().min(1).max(MAX_TEXT))
    .refine((claims) => Object.keys(claims).length >= 1, 'at least one: otherwise every job of the issuer fits')
    .refine((claims) => Object.keys(claims).length <= 20, 'at most 20')
    .describe('claims that must be there and fit; * stands for any number of characters'),
  repositories: z.array(repositoryPattern).min(1).max(20),
  actions: z
    .array(z.enum(['pull', 'push', 'delete']))
    .min(1)
    .max(3),
})

export const trustRule = z.object({
  id: z.string(),
  issuer: z.string(),
  audience: z.string(),
  claims: z.record(z.string(), z.string()),
  repositories: z.array(z.string()),
  actions: z.array(z.enum(['pull', 'push', 'delete'])),
  createdAt: time,
  createdBy: z.string(),
})

export const auditEvent = z.object({
  id: z.string(),
  at: time,
  by: z.string(),
  token: z.string().nullable().describe('the id of the token that they came with; null for one that has no record'),
  from: z.string().nullable().describe('the address that the request came from, where it is known'),
  requestId: z.string().nullable(),
  action: z.string(),
  subject: z.string(),
  detail: z.record(z.string(), z.unknown()),
})

/** A page of a listing; the `Link` header has the next one, where there is one. */
export function page<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item) })
}
