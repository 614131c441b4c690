import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'

const HOSTS = '/etc/hosts'

/** Maps `name` to this machine until the returned function is called; another run of the tests has a line of its own. */
export function addHostName(name: string): () => void {
  const line = `127.0.0.1 ${name} # for the tests of process ${process.pid}\n`
  const before = readFileSync(HOSTS, 'utf8')
  appendFileSync(HOSTS, before.endsWith('\n') ? line : `\n${line}`)
  return () => {
    writeFileSync(HOSTS, readFileSync(HOSTS, 'utf8').replace(line, ''))
  }
}
