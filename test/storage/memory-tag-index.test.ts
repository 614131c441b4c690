import { createMemoryTagIndex } from '../../src/storage/memory/memory-tag-index.ts'
import { describeTagIndex } from '../contract/tag-index.ts'

describeTagIndex('Memory', () => Promise.resolve(createMemoryTagIndex()))
