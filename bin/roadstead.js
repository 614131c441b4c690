#!/usr/bin/env node
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

// Runs on any Node from 18 on: one that cannot run TypeScript starts the newer one that `npm ci` has brought along.

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..')
const COMMAND = join(ROOT, 'src', 'cli', 'roadstead.ts')
const CANNOT_RUN = 1

if (process.features.typescript) await runHere()
else runElsewhere()

async function runHere() {
  // Some versions of Node call running TypeScript experimental, which nobody who uses this command has to know.
  const listeners = process.listeners('warning')
  process.removeAllListeners('warning')
  process.on('warning', (warning) => {
    if (warning.name !== 'ExperimentalWarning') for (const listener of listeners) listener(warning)
  })
  await import(pathToFileURL(COMMAND).href)
}

function runElsewhere() {
  const node = ownNode()
  if (node === null) {
    console.error(`Cannot run roadstead: Node ${process.version} is too old, and "${ROOT}" brings none (npm ci)`)
    process.exit(CANNOT_RUN)
  }
  const args = ['--disable-warning=ExperimentalWarning', COMMAND, ...process.argv.slice(2)]
  const child = spawn(node, args, { stdio: 'inherit' })
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, () => child.kill(signal))
  child.once('error', (error) => {
    console.error(`Cannot run roadstead: ${error.message}`)
    process.exit(CANNOT_RUN)
  })
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? CANNOT_RUN)
    for (const name of signals) process.removeAllListeners(name)
    process.kill(process.pid, signal)
  })
}

/** The Node of the project's optional dependencies; `null` when they were left out. */
function ownNode() {
  const modules = join(ROOT, 'node_modules')
  const candidates =
    process.platform === 'win32'
      ? [join(modules, `node-win-${process.arch}`, 'bin', 'node.exe')] // what .bin has there needs a shell
      : [join(modules, '.bin', 'node')]
  return candidates.find((path) => existsSync(path)) ?? null
}
