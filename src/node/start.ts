import { join } from 'node:path'
import { supervise } from './supervisor.ts'

supervise(join(import.meta.dirname, 'run.ts'))
