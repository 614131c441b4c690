import { expect, test } from 'vitest'

import { asSent } from '../../src/http/public-origin.ts'
import { createAccountRegistry } from '../suites/account-registry.ts'
import { createApp } from '../../src/app.ts'

test.each([
  ['http://127.0.0.1:5000/v2/?n=1', 'https://registry.test', 'https://registry.test/v2/?n=1'],
  ['http://registry.test:5000/v2/a%20b', 'https://{host}', 'https://registry.test:5000/v2/a%20b'],
  ['http://a$&b.test/', 'https://{host}', 'https://a$&b.test/'],
])('%s, seen as %s, was sent to %s', async (url, origin, sent) => {
  const request = new Request(url, { method: 'PUT', body: 'bytes', headers: { 'Content-Type': 'text/x' } })
  const seen = asSent(request, origin)
  expect([seen.url, seen.method, seen.headers.get('Content-Type')]).toEqual([sent, 'PUT', 'text/x'])
  expect(await seen.text()).toBe('bytes')
})

test('the challenge names the place that the client knows', async () => {
  const { services } = createAccountRegistry()
  const request = asSent(new Request('http://127.0.0.1:8080/v2/'), 'https://registry.test')
  const response = await createApp().fetch(request, services, () => undefined)
  expect(response.headers.get('WWW-Authenticate')).toMatch(
    /^Bearer realm="https:\/\/registry\.test\/token",service="registry\.test"/,
  )
})
