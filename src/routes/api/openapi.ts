import * as z from 'zod'

import type { ApiEndpoint } from './api-call.ts'
import { API_ROOT } from './api-root.ts'
import { API_ENDPOINTS } from './endpoints.ts'

const JSON_TYPE = 'application/json'
const PAGE_PARAMETERS = { n: 'most entries of the answer', last: 'the entry after which the page begins' }

/** What every refusal looks like, as in the distribution spec. */
const errors = z.object({
  errors: z.array(z.object({ code: z.string(), message: z.string(), detail: z.unknown() })),
})

/** The API as an OpenAPI document, made from the very table that requests are answered by. https://spec.openapis.org/oas/v3.1.0 */
export function describeApi(origin: string) {
  return { ...(description ??= describe()), servers: [{ url: origin }] }
}

let description: ReturnType<typeof describe> | null = null

function describe() {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const endpoint of API_ENDPOINTS) {
    const path = API_ROOT + endpoint.path.replaceAll(/:(\w+)\+?/g, '{$1}')
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operation(endpoint) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Roadstead', version: '1', description: 'Accounts, access and administration of a registry.' },
    security: [{ login: [] }, { token: [] }],
    paths,
    components: {
      securitySchemes: {
        login: { type: 'http', scheme: 'basic', description: 'a user or an organisation, and a token of theirs' },
        token: { type: 'http', scheme: 'bearer', description: 'a token alone' },
      },
      schemas: { Errors: z.toJSONSchema(errors, { io: 'output' }) },
    },
  }
}

function operation({ method, path, access, summary, query, body, answer }: ApiEndpoint) {
  const [status, result] = answer
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => parameter(name, 'path', ''))
  const inQuery = Object.entries(query === undefined ? {} : { ...PAGE_PARAMETERS, ...query })
  return {
    operationId: [method.toLowerCase(), ...(path.match(/[a-z]+/g) ?? [])].join('-'),
    summary,
    'x-access': access,
    ...(access === 'anyone' ? { security: [{}, { login: [] }, { token: [] }] } : {}),
    parameters: [...inPath, ...inQuery.map(([name, description]) => parameter(name, 'query', description))],
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: content(z.toJSONSchema(body, { io: 'input' })) } }),
    responses: {
      [status]: {
        description: 'Done',
        ...(result === null ? {} : { content: content(z.toJSONSchema(result, { io: 'output' })) }),
      },
      default: { description: 'Refused', content: content({ $ref: '#/components/schemas/Errors' }) },
    },
  }
}

function parameter(name: string, place: 'path' | 'query', description: string) {
  return { name, in: place, required: place === 'path', description, schema: { type: 'string' } }
}

function content(schema: unknown) {
  return { [JSON_TYPE]: { schema } }
}
