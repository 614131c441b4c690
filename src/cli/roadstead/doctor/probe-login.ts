import { randomBytes } from 'node:crypto'

import { basicOf, fetchToken, type Token } from './client.ts'
import { need, ok, warn } from './finding.ts'
import type { Visit } from './visit.ts'

/** @returns what the login is good for in that repository; `null` when there is no getting in */
export async function probeLogin(visit: Visit, realm: URL, repository: string): Promise<Token | null> {
  const { login, send, check, find } = visit
  const token = await find(login === null ? 'anonymous' : 'login', async () => {
    const fetched = await fetchToken(visit, send, realm, login, repository)
    const seen = login === null ? 'anybody gets a token, for what is public' : `${login.username} gets a token`
    return [ok(seen), fetched]
  })
  if (login === null) return token
  // One attempt alone: failed logins are counted, and too many close the door for this address.
  await check('wrong-password', async () => {
    const wrong = { username: login.username, token: randomBytes(16).toString('hex') }
    const { status } = await send(realm, { headers: { Authorization: basicOf(wrong) } })
    if (status === 429)
      return warn('too many logins have failed from this address: not told', 'wait a minute, and ask again')
    need(
      status === 401,
      `a wrong password is answered ${status}, not 401`,
      'everybody may be let in as anybody: see what answers at this address before it is used further',
    )
    return ok('a wrong password is refused')
  })
  return token
}
