import type { Client } from './client.ts'

export type Level = 'MUST' | 'SHOULD' | 'MAY'

/** The first version of the spec that says so; `docker` for what Docker's own description or its clients want. */
export type Since = '1.0' | '1.1' | 'main' | 'docker'

/** One demand on a registry. */
export interface Row {
  readonly id: string
  /** Heading in the spec, as it stands there. */
  readonly section: string
  readonly level: Level
  readonly since: Since
  /** The demand in one sentence. */
  readonly says: string
  /**
   * Sets up what it needs in repositories of its own, and checks.
   *
   * @throws {Mismatch} when the registry does otherwise
   * @throws {Declined} when it openly does not do this at all
   */
  readonly run: (client: Client) => Promise<void>
}

type Make = (id: string, since: Since, section: string, says: string, run: Row['run']) => Row

export const must: Make = (id, since, section, says, run) => ({ id, section, level: 'MUST', since, says, run })
export const should: Make = (id, since, section, says, run) => ({ id, section, level: 'SHOULD', since, says, run })
export const may: Make = (id, since, section, says, run) => ({ id, section, level: 'MAY', since, says, run })
