/** All that a command has of the process it runs in. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: NodeJS.Platform
  /** Absolute path. */
  readonly homeFolder: string
  now(): Date
  /** What was asked for. */
  print(text: string): void
  /** What is only for people, and errors. */
  note(text: string): void
  /** All of standard input. */
  readInput(): Promise<string>
  /** What somebody types, without its end of line; `null` when there is nobody to ask. A secret is not echoed. */
  ask(question: string, options: { readonly secret: boolean }): Promise<string | null>
}

/** Text of others with nothing in it that a terminal would obey. */
export function harmless(text: string): string {
  return text.replace(/\p{C}/gu, '�')
}
