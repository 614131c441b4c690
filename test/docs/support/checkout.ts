import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, delimiter, join } from 'node:path'

import { ROOT } from './markdown.ts'

export interface Checkout {
  readonly folder: string
  /** Of somebody who has this checkout, Node and npm, and has set nothing. */
  readonly env: Readonly<Record<string, string>>
}

/** A copy of what a clone would hold, below `work`, in which `npm ci` has been done. */
export function createCheckout(work: string): Checkout {
  const folder = join(work, 'roadstead')
  const bin = join(work, 'bin')
  const home = join(work, 'home')
  for (const path of [bin, home]) mkdirSync(path)
  const ignored = readFileSync(join(ROOT, '.gitignore'), 'utf8').split('\n')
  const left = new Set(['.git', ...ignored.map((line) => line.replace(/^\/|\/$/g, ''))])
  cpSync(ROOT, folder, { recursive: true, filter: (path) => path === ROOT || !left.has(basename(path)) })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))

  // npm itself, but for `ci`: what that does is there, and .ci/run begins with it.
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((path) => !path.includes('node_modules'))
  const script = '#!/bin/sh\nif [ "$1" = ci ]; then exit 0; fi\nPATH="$REAL_PATH"\nexec npm "$@"\n'
  writeFileSync(join(bin, 'npm'), script, { mode: 0o755 })
  const env = { HOME: home, REAL_PATH: folders.join(delimiter), NO_COLOR: '1', npm_config_update_notifier: 'false' }
  return { folder, env: { ...env, PATH: [bin, ...folders].join(delimiter) } }
}
