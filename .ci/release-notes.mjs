/**
 * `node .ci/release-notes.mjs TAG` prints what CHANGELOG.md says of the release that TAG names, and ends with 1 when TAG
 * is not the version of package.json or the changelog has nothing to say. It reads the working directory.
 */
import { readFileSync } from 'node:fs'

try {
  const tag = process.argv[2] ?? ''
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  if (tag !== `v${version}`) throw new Error(`the version in package.json is ${version}`)
  process.stdout.write(`${notesOf(version, readFileSync('CHANGELOG.md', 'utf8'))}\n`)
} catch (error) {
  console.error(`Cannot release "${process.argv[2] ?? ''}": ${error.message}`)
  process.exitCode = 1
}

/** The section under `## 1.2.3`, `## [1.2.3]` or either with a date, without its heading. */
function notesOf(version, changelog) {
  const [, ...sections] = changelog.replaceAll('\r\n', '\n').split(/^## /m)
  const section = sections.find((text) => /^\[?([^\]\s]+)\]?/.exec(text)?.[1] === version)
  if (section === undefined) throw new Error(`CHANGELOG.md has no section "## ${version}"`)
  const notes = section.slice(section.indexOf('\n') + 1).trim()
  if (notes === '') throw new Error(`the section of ${version} in CHANGELOG.md is empty`)
  return notes
}
