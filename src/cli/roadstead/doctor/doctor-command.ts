import { lookup } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { rootCertificates } from 'node:tls'

import { InvalidArgumentError, type Command } from 'commander'

import { firstLine } from '../../../node/failure.ts'
import type { RepositoryName } from '../../../oci/repository.ts'
import { parseRepository } from '../arguments.ts'
import { CommandFailure, EXIT } from '../failure.ts'
import { findTarget, type Login } from '../login.ts'
import { hostOf, type RegistryAddress } from '../registry-address.ts'
import type { Terminal } from '../terminal.ts'
import { isInTheClear, parseAddressToExamine } from './address.ts'
import { examine } from './examine.ts'
import { textOf, type OutsideFinding } from './finding.ts'

const DEFAULT_TIMEOUT_SECONDS = 10
const MAX_TIMEOUT_SECONDS = 600
const INTERRUPTED = 130

const HELP_END = `
Examples:
  roadstead doctor --registry https://registry.example.com
  roadstead doctor --registry localhost:5000 --username alice --password-stdin < token.txt

Each line is "ok", "warn" (it works, something beside it does not) or "FAIL", and what was seen; below it, what to do.
With a login it pushes a tiny image to a repository of its own, pulls it, and removes all of it.
Exit status: 0 done; 1 something has failed; 2 it cannot ask; 3 no registry is named.`

interface DoctorOptions {
  readonly json?: true
  readonly registry?: RegistryAddress
  readonly username?: string
  readonly passwordStdin?: true
  readonly repository?: RepositoryName
  readonly ca?: string
  readonly timeout: number
  readonly large?: true
}

/** `doctor`. */
export function addDoctorCommand(program: Command, terminal: Terminal): void {
  program
    .command('doctor')
    .description('Looks at a registry from outside, as clients see it, and says what to do about what is wrong')
    .option('--json', 'one JSON object a line, the last one the summary')
    .option(
      '--registry <address>',
      'another registry than ROADSTEAD_REGISTRY, or the one logged in to last',
      parseAddressToExamine,
    )
    .option('-u, --username <name>', 'as whom to push, in place of the login that is kept')
    .option('--password-stdin', 'read their token from standard input')
    .option('--repository <name>', 'where to push; USER/roadstead-doctor-… unless given', parseRepository)
    .option('--ca <file>', 'the certificate of an authority to believe beside the usual ones (PEM)')
    .option('--timeout <seconds>', 'how long to wait for each answer', parseTimeout, DEFAULT_TIMEOUT_SECONDS)
    .option('--large', 'also send 101 MiB, which Cloudflare takes on some plans only')
    .addHelpText('after', HELP_END)
    .action((options: DoctorOptions) => diagnose(terminal, options))
}

async function diagnose(terminal: Terminal, options: DoctorOptions): Promise<void> {
  const { registry, login } = await findPatient(terminal, options)
  const ca = options.ca === undefined ? null : [...rootCertificates, readAuthority(options.ca)]
  const count = { ok: 0, warn: 0, fail: 0 }
  const report = (finding: OutsideFinding) => {
    count[finding.verdict]++
    terminal.print(options.json ? JSON.stringify(finding) : textOf(finding))
  }
  const complete = await untilInterrupted((signal) =>
    examine(
      {
        registry,
        login,
        network: { resolve: (name) => lookup(name, { all: true }), ca, timeoutMs: options.timeout * 1000 },
        signal,
        repository: options.repository ?? null,
        large: options.large === true,
      },
      report,
    ),
  )
  const healthy = count.fail === 0
  if (options.json) terminal.print(JSON.stringify({ healthy, complete, ...count }))
  else {
    const state = healthy ? 'Fit for clients' : 'Not fit for clients'
    terminal.print(`\n${state}: ${count.ok} ok, ${count.warn} to know of, ${count.fail} failed.`)
  }
  const host = hostOf(registry)
  if (!complete) throw new CommandFailure(`Cannot examine all: ${host} cannot be reached as clients would reach it`)
  if (!healthy) throw new CommandFailure(`Cannot vouch for ${host}: see what has failed`)
}

async function findPatient(
  terminal: Terminal,
  options: DoctorOptions,
): Promise<{ registry: RegistryAddress; login: Login | null }> {
  const { registry, login: kept } = findTarget(terminal, options.registry, 'tell which registry to examine')
  const login = options.username === undefined ? kept : await readLogin(terminal, options.username, options)
  if (options.username === undefined && options.passwordStdin)
    throw new CommandFailure('Cannot read the token from standard input: --username is missing', EXIT.usage)
  if (login !== null && isInTheClear(registry)) {
    if (options.username === undefined) return { registry, login: null }
    throw new CommandFailure(
      `Cannot log in to ${hostOf(registry)}: plain http would show your token to the network (leave --username out)`,
      EXIT.usage,
    )
  }
  return { registry, login: login && { username: login.username, token: login.token } }
}

async function readLogin(terminal: Terminal, username: string, options: DoctorOptions): Promise<Login> {
  const text = options.passwordStdin
    ? await terminal.readInput()
    : await terminal.ask(`Token of ${username} (it is not shown): `, { secret: true })
  const token = text?.trim() ?? ''
  const name = username.trim()
  if (name === '' || name.includes(':'))
    throw new CommandFailure(`Cannot log in as "${name}": that is no name of a user`, EXIT.usage)
  if (token === '') throw new CommandFailure(`Cannot log in as "${name}": the token is empty`, EXIT.usage)
  return { username: name, token }
}

function readAuthority(path: string): string {
  try {
    const text = readFileSync(path, 'utf8')
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text
  } catch (error) {
    throw new CommandFailure(`Cannot read "${path}": ${firstLine(error)}`, EXIT.usage)
  }
  throw new CommandFailure(`Cannot use "${path}": there is no certificate in it (PEM)`, EXIT.usage)
}

/** @throws {InvalidArgumentError} */
function parseTimeout(text: string): number {
  const seconds = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (seconds >= 1 && seconds <= MAX_TIMEOUT_SECONDS) return seconds
  throw new InvalidArgumentError(`It is to be seconds, 1 to ${MAX_TIMEOUT_SECONDS}.`)
}

/** The first Ctrl-C lets it remove what it has pushed, the second one ends it at once. */
async function untilInterrupted<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController()
  const interrupt = () => {
    abort.abort()
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.once(signal, interrupt)
  try {
    return await act(abort.signal)
  } catch (error) {
    if (!abort.signal.aborted) throw error
    throw new CommandFailure('Cannot go on: it was interrupted', INTERRUPTED)
  } finally {
    for (const signal of signals) process.off(signal, interrupt)
  }
}
