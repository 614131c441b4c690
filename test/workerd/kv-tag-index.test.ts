import { env } from 'cloudflare:workers'

import { createKvTagIndex } from '../../src/storage/kv/kv-tag-index.ts'
import { describeTagIndex } from '../contract/tag-index.ts'

describeTagIndex('KV in workerd', () => Promise.resolve(createKvTagIndex(env.TAGS)))
