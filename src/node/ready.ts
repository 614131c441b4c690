import type { Options } from './args.ts'
import type { Local } from './local.ts'

/** What the user reads when the registry is ready. */
export function readyText(local: Local, { host, data, open }: Pick<Options, 'host' | 'data' | 'open'>): string {
  const registry = new URL(local.url).host
  const image = `${registry}/admin/IMAGE:v1`
  const where = local.storageUrl
    ? `Everything is kept in ${data}; layers are fetched from ${local.storageUrl}.`
    : `Images are kept in bucket ${local.s3.bucket} of ${local.s3.endpoint}, the index of tags in ${data}.`
  return `Roadstead is ready: ${local.url}
${open ? '' : `\n  docker login ${registry} -u admin`}
  docker tag IMAGE ${image}
  docker push ${image}
  docker pull ${image}

${accounts(local)}${where}
Ctrl-C stops it.${open && !isLoopback(host) ? `\n\n${warning(host)}` : ''}
`
}

/** How to log in; the token itself only once. */
function accounts({ adminToken }: Local): string {
  if (adminToken === null) return ''
  const { text, file, isNew } = adminToken
  return isNew
    ? `The administrator's token, shown this once and kept in ${file}:\n\n  ${text}\n\n`
    : `The administrator's token is in ${file}.\n`
}

function warning(host: string): string {
  return `Warning: it listens on ${host} and has no accounts: whoever reaches it can push, pull and delete.`
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
