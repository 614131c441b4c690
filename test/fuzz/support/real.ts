import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'vitest'

import { startLocal } from '../../../src/node/local.ts'
import type { RegistryUnderTest } from '../../suites/registry-under-test.ts'
import { expectSound, type Answer } from './answers.ts'
import { pushAll } from './content.ts'
import { rawRequest, sendRaw } from './raw-http.ts'
import type { FuzzedRequest } from './requests.ts'

/** What `npm start` runs, filled, and asked byte for byte. */
export interface RealRegistry extends RegistryUnderTest {
  readonly port: number
  /** @param more lines of the head */
  ask(request: FuzzedRequest, more?: readonly string[]): Promise<Answer | null>
}

export async function openReal(): Promise<RealRegistry> {
  const data = await mkdtemp(join(tmpdir(), 'roadstead-'))
  const local = await startLocal({ data, open: true })
  const port = Number(new URL(local.url).port)
  const registry: RegistryUnderTest = {
    fetch: (path, init) => fetch(local.url + path, { redirect: 'manual', ...init }),
    download: (location) => fetch(location),
    async stop() {
      await local.stop()
      await rm(data, { recursive: true })
    },
  }
  const locations = await pushAll(registry, true)
  return {
    ...registry,
    port,
    ask(request, more = []) {
      const path = request.path.replace(/^\{(\d)\}/, (_, index) => locations[Number(index)] ?? '')
      const { bytes, end } = rawRequest({ ...request, path }, more)
      return sendRaw(port, bytes, end)
    },
  }
}

/** What is no HTTP at all is refused by workerd, before the registry sees it; so is a method that it does not know. */
const REFUSED_BEFORE = [400, 431, 501]

export function isFromRegistry(answer: Answer): boolean {
  return answer.headers.has('Docker-Distribution-Api-Version')
}

/** @param odd whether the answer may be workerd's own, or the connection be closed without a word */
export function expectAnswer(answer: Answer | null, { method, path }: FuzzedRequest, odd: boolean): void {
  const asked = JSON.stringify(`${method} ${path}`)
  if (odd && (answer === null || !isFromRegistry(answer))) {
    if (answer !== null) expect(REFUSED_BEFORE, asked).toContain(answer.status)
    return
  }
  expectSound(answered(answer), method.toUpperCase(), asked)
  if (method === 'HEAD') expect(answered(answer).body.length, asked).toBe(0)
}

export function answered(answer: Answer | null): Answer {
  if (answer === null) throw new Error('Cannot read the answer: there was none')
  return answer
}
