import { spawn } from 'node:child_process'
import { join } from 'node:path'

import type { S3Settings } from '../../../src/node/store.ts'

const PROGRAM = join(import.meta.dirname, '../../../src/cli/doctor.ts')

export interface Diagnosis {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs the command as its user does.
 *
 * @param env in place of all settings that the environment of the tests may have
 * @param onOutput is told all that was written so far, and can end the process
 */
export function runDoctor(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  onOutput: (stdout: string, kill: (signal: NodeJS.Signals) => void) => void = () => undefined,
): Promise<Diagnosis> {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('S3_'))
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', PROGRAM, ...args], {
    env: { ...Object.fromEntries(own), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: unknown) => {
    output.stdout += String(chunk)
    onOutput(output.stdout, (signal) => child.kill(signal))
  })
  child.stderr.on('data', (chunk: unknown) => (output.stderr += String(chunk)))
  return new Promise((resolve) => {
    child.once('close', (status) => {
      resolve({ status, ...output })
    })
  })
}

export function variablesOf(s3: S3Settings): Record<string, string> {
  return {
    S3_ENDPOINT: s3.endpoint,
    S3_BUCKET: s3.bucket,
    S3_REGION: s3.region,
    S3_ACCESS_KEY_ID: s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
    S3_PATH_STYLE: s3.pathStyle,
  }
}
