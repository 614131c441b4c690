import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** The environment in which podman and skopeo keep logins in `file`, which has none yet, and not where they do otherwise. */
export function keepLoginsIn(file: string | null): Record<string, string> {
  if (file === null) return {}
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, '{}')
  return { REGISTRY_AUTH_FILE: file }
}
