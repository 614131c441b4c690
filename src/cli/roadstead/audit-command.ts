import type { Command } from 'commander'

import type { NamespaceName } from '../../oci/namespace.ts'
import { auditEvent } from '../../routes/api/schemas.ts'
import { parseNamespace } from './arguments.ts'
import { addCommand, type CommonOptions } from './define-command.ts'
import { momentOf, parseWhen, type When } from './moments.ts'
import { openSession } from './session.ts'
import { table } from './table.ts'
import type { Terminal } from './terminal.ts'

interface AuditOptions extends CommonOptions {
  readonly since?: When
}

/** `audit`. */
export function addAuditCommand(program: Command, terminal: Terminal): void {
  addCommand(
    program,
    'audit',
    'Lists who changed what in a namespace, for its owners, or which users and organisations, for administrators',
    'audit acme --since 7d',
    'audit --since 2026-11-01',
  )
    .argument('[namespace]', 'of a user or an organisation', parseNamespace)
    .option('--since <when>', 'only what came after 7d ago (m, h, d, w), 2026-11-01 (0:00 UTC), or a moment', parseWhen)
    .action(async (namespace: NamespaceName | undefined, options: AuditOptions) => {
      const { since } = options
      const what = namespace === undefined ? 'the registry' : `"${namespace}"`
      const session = openSession(terminal, options, `list the changes of ${what}`)
      const path = namespace === undefined ? '/audit' : `/namespaces/${namespace}/audit`
      const query = since === undefined ? '' : `?since=${encodeURIComponent(momentOf(since, terminal.now(), -1))}`
      session.show(await session.list(path + query, auditEvent), (events) =>
        table(
          ['at', 'by', 'from', 'action', 'subject', 'detail'],
          events.map(({ at, by, from, action, subject, detail }) => [
            at,
            by,
            from ?? '-',
            action,
            subject,
            Object.keys(detail).length === 0 ? '' : JSON.stringify(detail),
          ]),
        ),
      )
    })
}
