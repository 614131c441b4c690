import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './run.ts'

/** Of no use in a test, and a third of the bytes. */
const LEFT_OUT = ['/usr/share/doc/*', '/usr/share/locale/*', '/usr/share/man/*']

/** The root file system of a small Debian as a tar in `cache`, made from the packages that this machine's apt knows. */
export async function debianRootFileSystem(cache: string): Promise<string> {
  const tar = join(cache, 'debian.tar')
  if (existsSync(tar)) return tar

  const suite = /^VERSION_CODENAME=(\w+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'stable'
  const line = 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)'
  const { stdout } = await run('apt-get', ['indextargets', '--format', line, 'Created-By: Packages', 'Origin: Debian'])
  if (stdout === '') throw new Error('Cannot find a Debian mirror: run "apt-get update" first')
  const sources = join(cache, 'debian.list')
  writeFileSync(sources, stdout)

  const options = ['--quiet', '--variant=minbase', ...LEFT_OUT.map((path) => `--dpkgopt=path-exclude=${path}`)]
  await run('mmdebstrap', [...options, suite, `${tar}.part.tar`, sources])
  renameSync(`${tar}.part.tar`, tar)
  return tar
}
