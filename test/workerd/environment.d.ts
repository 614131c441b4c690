declare namespace Cloudflare {
  /** Bindings of the tests in workerd; see vitest.config.ts. */
  interface Env {
    readonly TAGS: KVNamespace
  }
}
