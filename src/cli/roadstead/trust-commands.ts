import type { Command } from 'commander'

import type { Action } from '../../auth/permission.ts'
import type { NamespaceName } from '../../oci/namespace.ts'
import * as schemas from '../../routes/api/schemas.ts'
import { addClaim, addPattern, parseActions, parseId, parseIssuer, parseNamespace } from './arguments.ts'
import { addCommand, addGroup, type CommonOptions } from './define-command.ts'
import { openSession } from './session.ts'
import { table } from './table.ts'
import type { Terminal } from './terminal.ts'

interface TrustOptions extends CommonOptions {
  readonly issuer: string
  readonly claim: Readonly<Record<string, string>>
  readonly repository: readonly string[]
  readonly actions: readonly Action[]
  readonly audience?: string
}

/** `trust add|ls|rm`. */
export function addTrustCommands(program: Command, terminal: Terminal): void {
  const trust = addGroup(program, 'trust', 'Jobs elsewhere that get in without a secret', 'trust ls acme')

  addCommand(
    trust,
    'add',
    "Lets jobs in whose token of another issuer has certain claims; * in a claim's value stands for anything",
    "trust add acme --issuer github --claim repository=acme/app --repository 'acme/*' --actions pull,push",
    'trust add acme --issuer gitlab --claim project_path=acme/app --claim ref=main --repository acme/app --actions push',
  )
    .argument('<namespace>', 'the user or the organisation whose repositories they get', parseNamespace)
    .requiredOption('--issuer <url>', 'github, gitlab, or the address of another that the registry takes', parseIssuer)
    .requiredOption('--claim <name=value>', 'what the token must say (repeatable)', addClaim)
    .requiredOption('--repository <name>', 'what the job gets, or acme/* (repeatable)', addPattern)
    .requiredOption('--actions <list>', 'pull, push, delete, with commas between them', parseActions)
    .option('--audience <text>', "whom the token must be meant for; the registry's own host unless given")
    .action(async (namespace: NamespaceName, options: TrustOptions) => {
      const { issuer, claim: claims, repository: repositories, actions, audience } = options
      const session = openSession(terminal, options, `add a trust rule to "${namespace}"`)
      const body = { issuer, claims, repositories, actions, ...(audience === undefined ? {} : { audience }) }
      const answer = await session.request('POST', `/namespaces/${namespace}/trust-rules`, schemas.trustRule, body)
      session.show(answer, (rule) => `Added trust rule ${rule.id} to ${namespace}, for the audience ${rule.audience}`)
    })

  addCommand(trust, 'ls', 'Lists the trust rules of a user or an organisation', 'trust ls acme')
    .argument('<namespace>', 'of the user or the organisation', parseNamespace)
    .action(async (namespace: NamespaceName, options: CommonOptions) => {
      const session = openSession(terminal, options, `list the trust rules of "${namespace}"`)
      session.show(await session.list(`/namespaces/${namespace}/trust-rules`, schemas.trustRule), (rules) =>
        table(
          ['id', 'issuer', 'audience', 'claims', 'repositories', 'actions'],
          rules.map(({ id, issuer, audience, claims, repositories, actions }) => [
            id,
            issuer,
            audience,
            Object.entries(claims)
              .map(([name, value]) => `${name}=${value}`)
              .join(' '),
            repositories.join(' '),
            actions.join(','),
          ]),
        ),
      )
    })

  addCommand(trust, 'rm', 'Takes a trust rule away', 'trust rm acme 5f0c8e1a-0000-4000-8000-000000000000')
    .argument('<namespace>', 'of the user or the organisation', parseNamespace)
    .argument('<id>', 'of the rule, as trust ls shows it', parseId)
    .action(async (namespace: NamespaceName, id: string, options: CommonOptions) => {
      const session = openSession(terminal, options, `remove trust rule "${id}" of "${namespace}"`)
      const answer = await session.remove(`/namespaces/${namespace}/trust-rules/${id}`)
      session.show(answer, () => `Removed trust rule ${id} of ${namespace}`)
    })
}
