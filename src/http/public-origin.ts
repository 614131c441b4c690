/**
 * The request as its client has sent it, where something in front (TLS, another name) has changed its URL: what is
 * answered to it names that origin.
 *
 * @param origin may hold `{host}`: host and port of the request
 */
export function asSent(request: Request, origin: string): Request {
  const url = new URL(request.url)
  return new Request(origin.replace('{host}', () => url.host) + url.pathname + url.search, request)
}
