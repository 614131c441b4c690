import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

export const ROOT = resolve(import.meta.dirname, '../../..')
export const INFRA = join(ROOT, 'infra')

/** Calls `work` with an empty folder, which is gone afterwards: a checkout stays without `.terraform` and state. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'roadstead-infra-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The module's own folder, and those of its examples, relative to `infra`. */
export function moduleFolders(infra: string): string[] {
  return ['.', ...exampleNames(infra).map((name) => `examples/${name}`)]
}

/** What a report calls such a folder. */
export function titleOf(folder: string): string {
  return folder === '.' ? 'module' : folder
}

export function exampleNames(infra: string): string[] {
  return readdirSync(join(infra, 'examples')).sort()
}

export function copyInfra(infra: string, target: string): void {
  cpSync(infra, target, { recursive: true, filter: (path) => !/\.terraform($|\/|\.lock)|\.tfstate/.test(path) })
}

/** Where the examples look for the Worker: any script will do for a check. */
export function writeWorker(folder: string): string {
  mkdirSync(join(folder, 'dist'), { recursive: true })
  const path = join(folder, 'dist/worker.js')
  writeFileSync(path, 'export default { fetch: () => new Response() }\n')
  return path
}
