import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Which of these this user cannot run: a command that is not in the path, or all of them without the rights of root. */
export function missingCommands(commands: readonly string[]): string[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const missing = commands.filter((command) => !folders.some((folder) => isExecutable(join(folder, command))))
  return process.getuid?.() === 0 ? missing : [...missing, 'the rights of root']
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
