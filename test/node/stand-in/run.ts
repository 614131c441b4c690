import { runRegistry } from '../../../src/node/runner.ts'
import { STAND_IN_WORKER } from './worker.ts'

await runRegistry(() => Promise.resolve(STAND_IN_WORKER))
