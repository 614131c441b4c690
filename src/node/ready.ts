import type { Local } from './local.ts'

/**
 * What the user reads when the registry is ready.
 *
 * @param data the data folder
 */
export function readyText(local: Local, host: string, data: string): string {
  const image = `${new URL(local.url).host}/me/IMAGE:v1`
  const where = local.storageUrl
    ? `Everything is kept in ${data}; layers are fetched from ${local.storageUrl}.`
    : `Images are kept in bucket ${local.s3.bucket} of ${local.s3.endpoint}, the index of tags in ${data}.`
  return `Roadstead is ready: ${local.url}

  docker tag IMAGE ${image}
  docker push ${image}
  docker pull ${image}

${where}
Ctrl-C stops it.${isLoopback(host) ? '' : `\n\n${warning(host)}`}
`
}

function warning(host: string): string {
  return `Warning: it listens on ${host} and has no accounts: whoever reaches it can push, pull and delete.`
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
