import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'

const HOSTS = '/etc/hosts'

/** Maps `name` to this machine until the returned function is called, unless the hosts file has it already. */
export function addHostName(name: string): () => void {
  const line = `127.0.0.1 ${name}\n`
  if (new RegExp(`^[^#\\n]*\\s${name}(\\s|$)`, 'm').test(readFileSync(HOSTS, 'utf8'))) return () => undefined
  appendFileSync(HOSTS, line)
  return () => {
    writeFileSync(HOSTS, readFileSync(HOSTS, 'utf8').replace(line, ''))
  }
}
