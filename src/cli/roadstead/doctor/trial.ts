import type { AskAsUser } from './client.ts'
import { need } from './finding.ts'
import type { TestImage } from './image.ts'
import { jsonOfAnswer, textOfAnswer, type Answer } from './send.ts'
import type { Visit } from './visit.ts'

/** An image in a repository of its own, for as long as it takes. */
export interface Trial {
  readonly visit: Visit
  readonly repository: string
  readonly image: TestImage
  readonly tag: string
  readonly ask: AskAsUser
  /** Whether the registry lets in only who has a token. */
  readonly closed: boolean
  /** Whether the repository was not there before: then it goes in the end. */
  readonly isNew: boolean
  /** Digests of manifests that may have been stored. */
  readonly manifests: Set<string>
}

export const SEE_LOG = 'see the registry\'s log at the X-Request-Id, and run "npm run doctor" on its storage'

/** With the code of the registry's error, if the answer is one. */
export function statusOf(answer: Answer): string {
  const code = /"code":\s*"([A-Z_]+)"/.exec(textOfAnswer(answer).slice(0, 5000))?.[1]
  return `${answer.status}${code === undefined ? '' : ` ${code}`}`
}

export function codeIn(answer: Answer): string | null {
  return jsonOfAnswer(answer) === null ? null : (/"code":\s*"([A-Z_]+)"/.exec(textOfAnswer(answer))?.[1] ?? null)
}

/** @throws {Broken} unless the answer has that status */
export function needStatus(answer: Answer, status: number, what: string, todo = SEE_LOG): void {
  need(answer.status === status, `${what} is answered ${statusOf(answer)}, not ${status}`, todo)
}

/** @returns where to send the bytes, as the registry says it */
export async function startUpload({ ask, repository, visit }: Trial): Promise<URL> {
  const answer = await ask(`/v2/${repository}/blobs/uploads/`, { method: 'POST', headers: { 'Content-Length': '0' } })
  needStatus(answer, 202, 'the begin of an upload')
  const location = URL.parse(answer.headers.get('Location') ?? '', answer.url.href)
  need(location !== null, 'the begin of an upload is answered without a Location', SEE_LOG)
  const state = location.searchParams.get('state')
  if (state !== null) visit.hide(state)
  return location
}

/** @param patience for how many times as long as usual */
export async function putBlob(trial: Trial, bytes: Uint8Array, digest: string, patience = 1): Promise<Answer> {
  const location = await startUpload(trial)
  location.searchParams.set('digest', digest)
  const headers = { 'Content-Type': 'application/octet-stream' }
  return trial.ask(location, { method: 'PUT', headers, body: bytes, patience })
}
