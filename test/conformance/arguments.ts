import { parseArgs } from 'node:util'

import type { Login } from './credentials.ts'
import type { Row } from './row.ts'

export const HELP = `Checks a registry against the OCI distribution spec: npm run conformance -- URL [options]

  --repository PREFIX    what the names of all repositories begin with (conformance)
  --filter TEXT          only rows whose id begins with TEXT, or whose section or sentence has it
  --must-only            only what the spec demands with MUST
  --json                 one JSON object instead of lines
  --user NAME            log in; REGISTRY_USER stands in
  --password SECRET      its password or token; REGISTRY_PASSWORD stands in
  --help                 this text

It pushes to new repositories, about 300 MB in all, and leaves them there. Exit status: 0 when every row passed or was
skipped, 1 when one failed, 2 when the registry cannot be asked.`

/** What the user asked for, checked. */
export interface Arguments {
  /** Origin of the registry. */
  readonly url: string
  readonly prefix: string
  readonly login: Login
  readonly json: boolean
  /** Whether a row is to be run. */
  readonly picks: (row: Row) => boolean
}

/** `null` when the user asks for help. @throws {Error} with a message for the user */
export function parseArguments(argv: readonly string[], env: Readonly<NodeJS.ProcessEnv>): Arguments | null {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      repository: { type: 'string', default: 'conformance' },
      filter: { type: 'string', default: '' },
      'must-only': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      user: { type: 'string', default: env['REGISTRY_USER'] ?? '' },
      password: { type: 'string', default: env['REGISTRY_PASSWORD'] ?? '' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  const [url = '', ...rest] = positionals
  if (rest.length > 0) throw new Error(`Cannot check more than one registry: ${positionals.join(' ')}`)
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw new Error(`Cannot check "${url}": it is not a URL`)
  return {
    url: new URL(url).origin,
    prefix: values.repository,
    login: values.user === '' ? null : { user: values.user, password: values.password },
    json: values.json,
    picks: ({ id, section, says, level }) =>
      (!values['must-only'] || level === 'MUST') &&
      (id.startsWith(values.filter) || section.includes(values.filter) || says.includes(values.filter)),
  }
}
