import { parentPort, workerData } from 'node:worker_threads'

import { chunkKey } from '../../../src/storage/keys.ts'
import { createMemoryObjectStore } from '../../../src/storage/memory/memory-object-store.ts'
import { Uploads } from '../../../src/storage/uploads.ts'

// Runs in a thread of its own, whose memory is bounded as that of the Worker is.
const store = createMemoryObjectStore()
const byte = new Uint8Array(1)
for (let offset = 0; offset < Number(workerData); offset++) await store.put(chunkKey('session', offset, 'n'), byte)
const chunks = await new Uploads(store).chunks('session')
parentPort?.postMessage(chunks.length)
