import type { Access } from '../auth/access.ts'
import { describeApi } from './api/openapi.ts'
import { getBase } from './base.ts'
import { deleteBlob, getBlob } from './blobs.ts'
import type { Handler, OpenHandler, RepositoryHandler } from './call.ts'
import { listRepositories } from './catalog.ts'
import { getHealth, getMetrics, getReadiness } from './health.ts'
import { getManifest, putManifest, removeManifest } from './manifests.ts'
import { getReferrers } from './referrers.ts'
import { listTags } from './tags.ts'
import { getToken, postToken } from './token.ts'
import { appendToUpload, cancelUpload, closeUpload, getUpload, startUpload } from './uploads.ts'

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
export type Methods<T> = Readonly<Partial<Record<Method, T>>>

/** What needs no token: where tokens are made, what tells how to use the API, and what watches over the registry. */
export const OPEN_ENDPOINTS: readonly (readonly [path: string, methods: Methods<OpenHandler>])[] = [
  ['/token', { GET: getToken, POST: postToken }],
  ['/api/v1/openapi.json', { GET: ({ url }) => Promise.resolve(Response.json(describeApi(url.origin))) }],
  ['/healthz', { GET: getHealth, HEAD: getHealth }],
  ['/readyz', { GET: getReadiness, HEAD: getReadiness }],
  ['/metrics', { GET: getMetrics }],
]

/** What is asked of the registry as a whole. */
export const REGISTRY_ENDPOINTS: readonly (readonly [path: string, access: Access, handler: Handler])[] = [
  ['/v2/', 'login', getBase], // end-1
  ['/v2/_catalog', 'catalog', listRepositories],
]

/**
 * Each endpoint of the spec, the access it needs on the repository in its path, and who answers it. The first path
 * that fits is taken. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#endpoints
 */
export const REPOSITORY_ENDPOINTS: readonly (readonly [
  path: string,
  methods: Methods<readonly [access: Access, handler: RepositoryHandler]>,
])[] = [
  [
    '/v2/:name+/blobs/uploads/',
    { POST: ['push', startUpload] }, // end-4a, end-4b, end-11
  ],
  [
    '/v2/:name+/blobs/uploads/:session',
    {
      PATCH: ['push', appendToUpload], // end-5
      PUT: ['push', closeUpload], // end-6
      GET: ['push', getUpload], // end-13
      DELETE: ['push', cancelUpload],
    },
  ],
  [
    '/v2/:name+/blobs/:digest',
    { GET: ['pull', getBlob], HEAD: ['pull', getBlob], DELETE: ['delete', deleteBlob] }, // end-2, end-10
  ],
  [
    '/v2/:name+/manifests/:reference',
    {
      GET: ['pull', getManifest], // end-3
      HEAD: ['pull', getManifest],
      PUT: ['push', putManifest], // end-7
      DELETE: ['delete', removeManifest], // end-9
    },
  ],
  [
    '/v2/:name+/tags/list',
    { GET: ['pull', listTags], HEAD: ['pull', listTags] }, // end-8a, end-8b
  ],
  [
    '/v2/:name+/referrers/:digest',
    { GET: ['pull', getReferrers], HEAD: ['pull', getReferrers] }, // end-12a, end-12b
  ],
]
