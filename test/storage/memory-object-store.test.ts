import { createMemoryObjectStore } from '../../src/storage/memory/memory-object-store.ts'
import { describeObjectStore } from '../contract/object-store.ts'

describeObjectStore('Memory', {
  open: (limits = {}) => Promise.resolve(createMemoryObjectStore({ limits })),
  reachable: false,
})

describeObjectStore('Memory that checks digests', {
  open: (limits = {}) => Promise.resolve(createMemoryObjectStore({ limits, features: ['checksum-sha256'] })),
  reachable: false,
})
