import * as z from 'zod'

import { firstLine } from '../../../node/failure.ts'
import { API_ROOT } from '../../../routes/api/api-root.ts'
import { basicOf } from './client.ts'
import { Broken, ok, warn, type Outcome } from './finding.ts'
import { jsonOfAnswer } from './send.ts'
import { codeIn, statusOf, type Trial } from './trial.ts'

const MAX_REQUESTS = 100
const removal = z.object({ done: z.boolean() })
const tagList = z.object({ tags: z.array(z.string()).nullable() })

/** Removes all that was pushed: manifests and blobs as any client, then the repository by the API, where there is one. */
export async function cleanUp(trial: Trial): Promise<void> {
  const { visit, ask, repository, image, manifests } = trial
  await visit.check('clean-up', async () => {
    const left: string[] = []
    const paths = [
      ...[...manifests].map((digest) => `manifests/${digest}`),
      ...[image.layer, image.config].map(({ digest }) => `blobs/${digest}`),
    ]
    for (const path of paths) {
      const url = `/v2/${repository}/${path}`
      const why = await ask(url, { method: 'DELETE' })
        .then(async (answer) => {
          if (answer.status !== 202 && answer.status !== 404) return statusOf(answer)
          if (path.startsWith('blobs/')) return null // HEAD with a token for push may bring it back
          const { status } = await ask(url, { method: 'HEAD' }) // which asks storage, and no cache
          return status === 200 ? 'still there' : null
        })
        .catch(firstLine)
      if (why !== null) left.push(`${path.slice(0, 24)}… (${why})`)
    }
    const outcome = await removeRepository(trial).catch((error: unknown) => left.push(firstLine(error)))
    if (left.length === 0 && typeof outcome !== 'number') return outcome
    throw new Broken(
      `not all could be removed from ${repository}, such as ${left[0] ?? ''}`,
      `remove it: roadstead repo rm ${repository}${trial.isNew ? '' : ' (which was there before)'}; see that what is before the registry lets DELETE through`,
    )
  })
}

async function removeRepository({ visit, ask, repository, closed, isNew }: Trial): Promise<Outcome> {
  const { login, registry, sendAnyway } = visit
  const done = ok(`what was pushed to ${repository} is removed`)
  if (!isNew) return ok(`what was pushed to ${repository} is removed; the repository was there before, and stays`)
  if (!closed || login === null) return done
  // Somebody else may have begun to use the name that was given.
  const list = tagList.safeParse(jsonOfAnswer(await ask(`/v2/${repository}/tags/list`)))
  if ((list.data?.tags ?? []).length > 0) return ok(`what was pushed to ${repository} is removed; others use it by now`)

  const url = new URL(`${API_ROOT}/repositories/${repository}`, registry)
  for (let requests = 0; requests < MAX_REQUESTS; requests++) {
    const answer = await sendAnyway(url, { method: 'DELETE', headers: { Authorization: basicOf(login) } })
    if (answer.status === 404) return done
    const parsed = removal.safeParse(jsonOfAnswer(answer))
    if (answer.status !== 200 || !parsed.success) {
      const why = codeIn(answer) === 'DENIED' ? 'this login may not' : `answered ${statusOf(answer)}`
      return warn(
        `what was pushed is removed, the empty repository ${repository} is not: ${why}`,
        `roadstead repo rm ${repository}, as an owner with a token for admin`,
      )
    }
    if (parsed.data.done) return done
  }
  return warn(`the removal of ${repository} does not end`, `roadstead repo rm ${repository}`)
}
