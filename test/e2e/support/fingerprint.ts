import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/**
 * One digest over the files of an unpacked image: path, permissions, target of a link, bytes.
 *
 * @param paths folders below `root`, absolute in the image
 */
export function fingerprint(root: string, paths: readonly string[]): string {
  const digest = createHash('sha256')
  for (const path of paths) add(path)
  return digest.digest('hex')

  function add(path: string): void {
    const file = join(root, path)
    const status = lstatSync(file)
    digest.update(`${path} ${(status.mode & 0o7777).toString(8)} `)
    if (status.isDirectory()) for (const name of readdirSync(file).sort()) add(join(path, name))
    else if (status.isSymbolicLink()) digest.update(`-> ${readlinkSync(file)}\n`)
    else if (status.isFile()) digest.update(`${status.size}\n`).update(readFileSync(file))
  }
}
