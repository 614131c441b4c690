/**
 * Clients ask here whether this is a registry, and how to log in (end-1).
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#determining-support
 */
export function getBase(): Promise<Response> {
  return Promise.resolve(Response.json({}))
}
