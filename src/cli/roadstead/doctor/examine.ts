import { randomBytes } from 'node:crypto'

import type { Login } from '../login.ts'
import { cleanUp } from './clean-up.ts'
import { basicOf, createClient, type AskAsUser } from './client.ts'
import { warn, type OutsideFinding } from './finding.ts'
import { createImage } from './image.ts'
import { probeBase, probeClock, probeHealth } from './probe-base.ts'
import { probeDns } from './probe-dns.ts'
import { probeLogin } from './probe-login.ts'
import { probePull } from './probe-pull.ts'
import { probeBodyLimit, probePush } from './probe-push.ts'
import { probeCors, probeRedirect, probeStrangers } from './probe-redirect.ts'
import { probeTags } from './probe-tags.ts'
import { probeTls } from './probe-tls.ts'
import { createSend, type Network } from './send.ts'
import type { Trial } from './trial.ts'
import { createCheck, type Visit } from './visit.ts'

/** A tag that was deleted elsewhere is seen for so long at most, and some time for the answers themselves. */
const STALE_MS = 75_000

export interface Examination {
  readonly registry: string
  readonly login: Login | null
  readonly network: Network
  readonly signal: AbortSignal
  /** Where to push; one of its own unless given. */
  readonly repository: string | null
  /** Whether to send a body that Cloudflare may refuse. */
  readonly large: boolean
  readonly staleMs?: number
}

/**
 * Looks at all there is, in the order in which a client meets it.
 *
 * @returns `false` when it cannot be reached, and so was asked nothing more
 * @throws the signal's reason, once all that was pushed is removed
 */
export async function examine(what: Examination, report: (finding: OutsideFinding) => void): Promise<boolean> {
  const { network, login, signal } = what
  const visit: Visit = {
    registry: new URL(what.registry),
    login,
    network,
    send: createSend(network, signal),
    sendAnyway: createSend(network),
    signal,
    staleMs: what.staleMs ?? STALE_MS,
    ...createCheck(report, signal),
  }
  if (login !== null) for (const secret of [login.token, basicOf(login)]) visit.hide(secret)

  if (!(await probeDns(visit))) return false
  // No login goes to somebody who may be anybody.
  if (!(await probeTls(visit))) return false
  const access = await probeBase(visit)
  if (access === null) return false
  await probeHealth(visit)
  await probeClock(visit)

  const repository = what.repository ?? repositoryOf(access.kind === 'open' ? null : login)
  if (access.kind === 'token') {
    const token = await probeLogin(visit, access.token, repository)
    const why = reasonNotToPush(login, token, repository)
    if (why !== null) {
      await visit.check('push', () => warn(`pushes and pulls are not tried: ${why.because}`, why.todo))
      return true
    }
  }
  await tryImage({ visit, what, access, repository })
  return true
}

function reasonNotToPush(
  login: Login | null,
  token: { readonly actions: readonly string[] | null } | null,
  repository: string,
): { readonly because: string; readonly todo: string } | null {
  if (login === null)
    return { because: 'there is no login', todo: 'roadstead login, or --username and --password-stdin' }
  if (token === null) return { because: 'the login does not work', todo: 'see above' }
  const { actions } = token
  const missing = ['pull', 'push', 'delete'].filter((action) => actions !== null && !actions.includes(action))
  if (missing.length === 0) return null
  return {
    because: `${login.username} may not ${missing.join(', ')} in ${repository}, and all that is pushed is to be removed again`,
    todo: "name another with --repository, or log in with a token for it: roadstead token create --name doctor --scope '*:pull,push,delete,admin' --expires 1h",
  }
}

/** Pushes, pulls and removes an image. */
async function tryImage({
  visit,
  what,
  access,
  repository,
}: {
  visit: Visit
  what: Examination
  access: Parameters<typeof createClient>[1]
  repository: string
}): Promise<void> {
  const ask = createClient(visit, access, repository, visit.send)
  const trial: Trial = {
    visit,
    repository,
    image: createImage(),
    tag: `doctor-${randomBytes(4).toString('hex')}`,
    ask,
    closed: access.kind === 'token',
    // One that somebody named may hold what they need.
    isNew: what.repository === null || (await isAbsent(ask, repository)),
    manifests: new Set(),
  }
  try {
    if (await probePush(trial)) await probeTransfers(trial, what.large)
  } finally {
    await cleanUp({ ...trial, ask: createClient(visit, access, repository, visit.sendAnyway) })
  }
}

async function probeTransfers(trial: Trial, large: boolean): Promise<void> {
  const { visit } = trial
  const { headers } = await visit.send(new URL('/v2/', visit.registry))
  await probeBodyLimit(trial, large, headers.has('CF-Ray'))
  const storage = await probeRedirect(trial)
  await probePull(trial)
  await probeStrangers(trial)
  await probeTags(trial)
  await probeCors(trial, storage)
}

async function isAbsent(ask: AskAsUser, repository: string): Promise<boolean> {
  return ask(`/v2/${repository}/tags/list`).then(
    ({ status }) => status === 404,
    () => false,
  )
}

function repositoryOf(login: Login | null): string {
  const name = `roadstead-doctor-${randomBytes(6).toString('hex')}`
  return login === null ? name : `${login.username.toLowerCase()}/${name}`
}
