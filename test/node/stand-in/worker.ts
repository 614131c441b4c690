/**
 * A Worker that shows what the runner gives to one. GET / answers its variables and the URL it was asked for;
 * PUT and GET /kv/KEY write and read KV, /cache/KEY the edge cache; POST /echo answers the body, PUT /size its length; PUT /refuse leaves the
 * body unread; /fail throws. The rest is 200.
 */
export const STAND_IN_WORKER = `
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url)
    const key = pathname.split('/')[2]
    switch (request.method + ' ' + pathname.split('/')[1]) {
      case 'GET ': {
        const text = Object.entries(env).filter(([, value]) => typeof value === 'string')
        return Response.json({ url: request.url, ...Object.fromEntries(text) })
      }
      case 'PUT kv':
        await env.TAGS.put(key, await request.text())
        return new Response(null, { status: 201 })
      case 'GET kv':
        return new Response(await env.TAGS.get(key))
      case 'PUT cache':
        await caches.default.put(request.url, new Response(request.body, { headers: { 'Cache-Control': 'max-age=3600' } }))
        return new Response(null, { status: 201 })
      case 'GET cache':
        return (await caches.default.match(request.url)) ?? new Response(null, { status: 404 })
      case 'POST echo':
        return new Response(request.body)
      case 'PUT size': {
        let size = 0
        for await (const chunk of request.body) size += chunk.byteLength
        return new Response(String(size))
      }
      case 'PUT refuse':
        return new Response('no', { status: 409 })
      case 'GET fail':
        console.error('about to fail')
        throw new Error('failed on purpose')
      default:
        return new Response('{}')
    }
  },
}
`
