import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

export const ROOT = join(import.meta.dirname, '../../..')

/** How a block of commands is proved. */
export type Proof =
  /** By a test, named by its path from the root. */
  | { readonly kind: 'run by'; readonly file: string }
  | { readonly kind: 'not run'; readonly reason: string }
  /** Nothing above it, or a comment that is none of these. */
  | { readonly kind: 'none' }

export interface Block {
  /** Path from the root. */
  readonly document: string
  /** Of its fence, from 1. */
  readonly line: number
  readonly language: string
  readonly text: string
  readonly proof: Proof
}

const SHELLS = new Set(['sh', 'bash', 'shell', 'console', 'zsh', 'powershell', 'ps1', 'pwsh', 'cmd', 'bat'])
const SKIPPED = new Set(['node_modules', 'dist', '.git', '.roadstead', '.wrangler', '.terraform', 'test'])

/** Every Markdown file for people, by its path from the root. */
export function documents(): string[] {
  const found: string[] = []
  const look = (folder: string) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory() && !SKIPPED.has(entry.name)) look(path)
      if (entry.isFile() && entry.name.endsWith('.md')) found.push(relative(ROOT, path).split(sep).join('/'))
    }
  }
  look(ROOT)
  return found.sort()
}

export function readDocument(document: string): string {
  return readFileSync(join(ROOT, document), 'utf8')
}

/** All fenced blocks of a text, those without commands among them. */
export function fencedBlocks(document: string, markdown: string): Block[] {
  const lines = markdown.split('\n')
  const blocks: Block[] = []
  for (let at = 0; at < lines.length; at++) {
    const [, indent = '', fence = '', language = ''] = /^(\s*)(`{3,}|~{3,})\s*([\w-]*)/.exec(lines[at] ?? '') ?? []
    if (fence === '') continue
    const end = lines.findIndex((line, index) => index > at && line.trim().startsWith(fence))
    const body = lines.slice(at + 1, end === -1 ? undefined : end)
    const text = body.map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line)).join('\n')
    blocks.push({ document, line: at + 1, language, text, proof: proofOf(lines.slice(0, at)) })
    at = end === -1 ? lines.length : end
  }
  return blocks
}

/** The blocks of commands of a document. */
export function commandBlocks(document: string, markdown = readDocument(document)): Block[] {
  return fencedBlocks(document, markdown).filter(({ language }) => SHELLS.has(language.toLowerCase()))
}

/** By the comment right above the block; Prettier wants an empty line between them. */
function proofOf(linesAbove: readonly string[]): Proof {
  const last = linesAbove.at(-1)?.trim() === '' ? linesAbove.at(-2) : linesAbove.at(-1)
  const [, comment = ''] = /^\s*<!--\s*(.*?)\s*-->\s*$/.exec(last ?? '') ?? []
  const [, file] = /^run by: (\S+)$/.exec(comment) ?? []
  if (file !== undefined) return { kind: 'run by', file }
  const [, reason] = /^not run: (.{10,})$/.exec(comment) ?? []
  return reason === undefined ? { kind: 'none' } : { kind: 'not run', reason }
}

/** A text without its fenced blocks, line by line in the same places. */
export function proseOf(markdown: string): string {
  const lines = markdown.split('\n')
  for (const { line, text } of fencedBlocks('', markdown)) {
    for (let at = line - 1; at < line + text.split('\n').length + 1; at++) lines[at] = ''
  }
  return lines.join('\n')
}

/** What stands between backticks in the prose. */
export function inlineCode(markdown: string): string[] {
  return [...proseOf(markdown).matchAll(/(`+)(?!`)([\s\S]*?[^`])\1(?!`)/g)].map(([, , code = '']) => code)
}

/** Targets of links and images, as they are written. */
export function linksOf(markdown: string): string[] {
  const prose = proseOf(markdown).replace(/(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g, '')
  const inline = [...prose.matchAll(/\]\(<?([^()\s>]+)>?(?:\s+"[^"]*")?\)/g)].map(([, target = '']) => target)
  const references = [...prose.matchAll(/^\s*\[[^\]]+\]:\s*(\S+)/gm)].map(([, target = '']) => target)
  return [...inline, ...references]
}

/** The anchors that GitHub gives to the headings. */
export function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of proseOf(markdown).matchAll(/^#{1,6}\s+(.*?)\s*#*$/gm)) {
    const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const slug = text.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-')
    for (let number = 0, anchor = slug; ; number++, anchor = `${slug}-${number}`) {
      if (anchors.has(anchor)) continue
      anchors.add(anchor)
      break
    }
  }
  for (const [, id = ''] of markdown.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)) anchors.add(id)
  return anchors
}
