import type { S3Settings } from '../../../src/node/store.ts'
import type { DockerEngine } from './docker-engine.ts'
import type { TestImages } from './images.ts'

/** What setup.ts has started and built: tests take it with `inject('e2e')`. */
export interface Environment {
  /** The clients this machine lacks. Nothing is started, and every test is skipped, unless this is empty. */
  readonly missing: readonly string[]
  /** A folder for what the tests write; removed at the end. */
  readonly folder: string
  /** Where registries keep their images, each in a bucket of its own; `null` for the embedded store of each. */
  readonly s3: S3Settings | null
  /** `localhost:PORT` */
  readonly registry: string
  /** The same registry under a name of the hosts file: `registry.local:PORT`. */
  readonly namedRegistry: string
  /** The first part of every repository's name: a new one for each run. */
  readonly account: string
  readonly engine: Omit<DockerEngine, 'daemon'>
  readonly images: TestImages
}

declare module 'vitest' {
  export interface ProvidedContext {
    e2e: Environment
  }
}
