import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openDataFolder } from '../../src/node/data-folder.ts'
import { StartFailure } from '../../src/node/failure.ts'
import { temporaryFolder } from './support/temporary.ts'

test('a folder is for one at a time', () => {
  const path = join(temporaryFolder(), 'made', 'on', 'the', 'way')
  const first = openDataFolder(path)
  const inUse = `Cannot use data folder "${path}": it is in use by another Roadstead (choose another: --data)`
  expect(() => openDataFolder(path)).toThrow(new StartFailure(inUse))
  first.release()
  first.release() // twice does no harm

  const second = openDataFolder(path)
  onTestFinished(() => {
    second.release()
  })
  expect(() => openDataFolder(path)).toThrow(new StartFailure(inUse))
})

test.each([
  ['a file', '', 'EEXIST'],
  ['a folder below a file', 'below', 'ENOTDIR'],
])('%s cannot be used', (_, below, code) => {
  const file = join(temporaryFolder(), 'file')
  writeFileSync(file, '')
  const path = join(file, below)
  const message = `Cannot use data folder "${path}": it cannot be written (${code})`
  expect(() => openDataFolder(path)).toThrow(new StartFailure(message))
})

test.runIf(process.platform === 'linux')('a folder in which no file can be made cannot be used, even for root', () => {
  expect(() => openDataFolder('/proc/self')).toThrow('it cannot be written (unable to open database file)')
})
