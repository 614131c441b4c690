import type { Row } from './row.ts'
import { BASE_ROWS } from './rows/base.ts'
import { BLOB_ROWS } from './rows/blobs.ts'
import { CATALOG_ROWS } from './rows/catalog.ts'
import { CHUNK_ROWS } from './rows/chunked.ts'
import { DELETE_ROWS } from './rows/deletes.ts'
import { HTTP_ROWS } from './rows/http.ts'
import { CONTENT_ROWS } from './rows/manifest-contents.ts'
import { MANIFEST_LIMIT_ROWS } from './rows/manifest-limits.ts'
import { MANIFEST_ROWS } from './rows/manifests.ts'
import { ONE_REQUEST_ROWS } from './rows/one-request.ts'
import { REFERRER_ROWS } from './rows/referrers.ts'
import { TAG_ROWS } from './rows/tags.ts'
import { UPLOAD_ROWS } from './rows/uploads.ts'

/** All demands, by area. */
export const AREAS: Readonly<Record<string, readonly Row[]>> = {
  base: BASE_ROWS,
  blobs: BLOB_ROWS,
  uploads: UPLOAD_ROWS,
  'one request': ONE_REQUEST_ROWS,
  chunks: CHUNK_ROWS,
  manifests: MANIFEST_ROWS,
  'manifest limits': MANIFEST_LIMIT_ROWS,
  'manifest contents': CONTENT_ROWS,
  referrers: REFERRER_ROWS,
  tags: TAG_ROWS,
  catalog: CATALOG_ROWS,
  deletes: DELETE_ROWS,
  http: HTTP_ROWS,
}

export const ALL_ROWS: readonly Row[] = Object.values(AREAS).flat()
