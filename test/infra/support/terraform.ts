import { spawn, spawnSync } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'

export interface Outcome {
  readonly status: number | null
  /** What it printed, and what it complained of. */
  readonly output: string
  /** Only what it printed. */
  readonly stdout: string
}

/** `null` when there is no Terraform on the PATH. */
export function terraformVersion(): string | null {
  const { status, stdout } = spawnSync('terraform', ['version', '-json'], { env: environment(), encoding: 'utf8' })
  if (status !== 0) return null
  return (JSON.parse(stdout) as { terraform_version: string }).terraform_version
}

/**
 * Whether what needs Terraform is to be left out.
 *
 * @throws {Error} instead, where REQUIRE_TERRAFORM is set, as in CI: there it must not be
 */
export function isWithoutTerraform(env: NodeJS.ProcessEnv = process.env): boolean {
  if (terraformVersion() !== null) return false
  if (env['REQUIRE_TERRAFORM'])
    throw new Error('Cannot check infra/: terraform not found, and REQUIRE_TERRAFORM is set')
  return true
}

/** Runs it in `folder`, without asking anything of anybody. */
export function terraform(
  folder: string,
  args: readonly string[],
  extra: NodeJS.ProcessEnv = {},
  input = '',
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn('terraform', args, { cwd: folder, env: { ...environment(), ...extra } })
    let stdout = ''
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString()
      output += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    child.on('error', reject)
    child.on('close', (status) => {
      resolve({ status, output: stripVTControlCharacters(output), stdout: stripVTControlCharacters(stdout) })
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
}

/** The user's own configuration and variables must not change what a check says. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(TF_|CLOUDFLARE_|AWS_)/.test(name))
  return {
    ...Object.fromEntries(kept),
    TF_CLI_CONFIG_FILE: '/dev/null',
    TF_IN_AUTOMATION: '1',
    TF_INPUT: '0',
    CHECKPOINT_DISABLE: '1',
  }
}
