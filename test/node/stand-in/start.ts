import { join } from 'node:path'
import { supervise } from '../../../src/node/supervisor.ts'

/** `src/node/start.ts` with the stand-in Worker. */
supervise(join(import.meta.dirname, 'run.ts'))
