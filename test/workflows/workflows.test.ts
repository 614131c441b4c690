import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'

import { unknownCommands } from '../docs/support/known-commands.ts'
import { ROOT } from '../docs/support/markdown.ts'

interface Step {
  readonly uses?: string
  readonly run?: string
}
interface Job {
  readonly uses?: string
  readonly 'timeout-minutes'?: number
  readonly permissions?: Permissions
  readonly environment?: string
  readonly steps?: readonly Step[]
}
type Permissions = string | Readonly<Record<string, string>>
interface Workflow {
  readonly on: string | readonly string[] | Readonly<Record<string, unknown>>
  readonly permissions?: Permissions
  readonly concurrency?: { readonly group: string }
  readonly jobs: Readonly<Record<string, Job>>
}

const FOLDER = join(ROOT, '.github/workflows')
const FILES = readdirSync(FOLDER).filter((name) => /\.ya?ml$/.test(name))

/** What a job may do beyond reading the sources. Whoever adds to this has to say so here. */
const RIGHTS: Readonly<Record<string, Permissions>> = {
  'release.yml publish': { contents: 'write', 'id-token': 'write', attestations: 'write' },
  'deploy.yml plan': { contents: 'read', 'id-token': 'write' },
  'deploy.yml apply': { contents: 'read', 'id-token': 'write' },
}

test('all workflows are looked at', () => {
  expect(FILES).toEqual(expect.arrayContaining(['ci.yml', 'conformance.yml', 'deploy.yml', 'release.yml']))
})

describe.each(FILES)('%s', (name) => {
  const source = readFileSync(join(FOLDER, name), 'utf8')
  const workflow = parse(source) as Workflow
  const jobs = Object.entries(workflow.jobs)
  const steps = jobs.flatMap(([, job]) => job.steps ?? [])
  const scripts = steps.flatMap(({ run }) => run ?? [])

  test('pins each action by its commit, and says which version that is', () => {
    const lines = source.split('\n').filter((line) => /^\s*(- )?uses:/.test(line) && !line.includes('uses: ./'))
    const pinned = /uses: [\w-]+\/[\w./-]+@[0-9a-f]{40} # (v\d+\.\d+\.\d+|main, after v\d+\.\d+\.\d+)$/
    expect(lines.filter((line) => !pinned.test(line))).toEqual([])
    expect(lines.length).toBe(steps.filter(({ uses }) => uses !== undefined).length)
  })

  test('has one version of each action', () => {
    const own = source.matchAll(/uses: (actions\/[\w-]+|hashicorp\/[\w-]+|aws-actions\/[\w-]+)@(\S+)/g)
    for (const [, action, commit] of own) expect(`${action} ${commit}`).toBe(`${action} ${versions.get(action ?? '')}`)
  })

  test('reads the sources, and each job has no more rights than it is known to need', () => {
    expect(workflow.permissions).toEqual({ contents: 'read' })
    for (const [job, { permissions }] of jobs) expect(permissions, job).toEqual(RIGHTS[`${name} ${job}`])
  })

  test('never runs the code of a fork with rights', () => {
    const events = typeof workflow.on === 'object' ? Object.keys(workflow.on) : [workflow.on]
    expect(events.filter((event) => ['pull_request_target', 'workflow_run', 'issue_comment'].includes(event))).toEqual(
      [],
    )
  })

  test('interpolates nothing into a script', () => {
    expect(scripts.filter((script) => script.includes('${{'))).toEqual([])
  })

  test('ends by itself, and is not run twice at once', () => {
    const endless = jobs.filter(([, job]) => job.uses === undefined && !(Number(job['timeout-minutes']) <= 120))
    expect(endless.map(([job]) => job)).toEqual([])
    // One workflow that calls another is in both groups: with one name they would wait for each other.
    expect(workflow.concurrency?.group).toBe(`${name.replace(/\.ya?ml$/, '')}-\${{ github.ref }}`)
  })

  test('leaves no credentials in a checkout', () => {
    const checkouts = steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'))
    const kept = checkouts.filter(
      (step) => (step as { with?: Record<string, unknown> }).with?.['persist-credentials'] !== false,
    )
    expect(kept).toEqual([])
  })

  test('runs only what is there, in shell that parses', () => {
    for (const script of scripts) {
      execFileSync('bash', ['-n', '-c', script])
      expect(unknownCommands(script)).toEqual([])
      const files = [...script.matchAll(/\b(?:bash|node) ([\w./-]+)/g)].map(([, path = '']) => path)
      expect(files.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
    }
  })
})

const versions = new Map<string, string>()
for (const name of FILES) {
  const source = readFileSync(join(FOLDER, name), 'utf8')
  for (const [, action = '', commit = ''] of source.matchAll(/uses: ([\w./-]+)@(\S+)/g)) versions.set(action, commit)
}

describe('release.yml', () => {
  const { jobs } = parse(readFileSync(join(FOLDER, 'release.yml'), 'utf8')) as Workflow

  test('signs and publishes in a job that runs no code of dependencies', () => {
    const script = (jobs['publish']?.steps ?? []).map(({ run }) => run ?? '').join('\n')
    expect(script).toContain('npm publish')
    expect(script).not.toMatch(/npm (ci|install|i|run|exec|test)\b|npx /)
    expect(jobs['publish']?.environment).toBe('release')
  })

  test('publishes after the checks, and after all files are there', () => {
    expect(jobs['publish']).toMatchObject({ needs: ['check', 'build', 'again'] })
    const script = (jobs['publish']?.steps ?? []).map(({ run, uses }) => run ?? uses ?? '').join('\n')
    const order = [
      'sha256sum --check',
      'actions/attest@',
      'gh release create',
      'gh release upload',
      'npm publish',
      '--draft=false',
    ]
    const places = order.map((text) => script.indexOf(text))
    expect(places).not.toContain(-1)
    expect(places).toEqual([...places].sort((a, b) => a - b))
  })
})

describe('deploy.yml', () => {
  const source = readFileSync(join(FOLDER, 'deploy.yml'), 'utf8')
  const { jobs } = parse(source) as { jobs: Record<string, Record<string, unknown>> }

  test('does nothing unless it is asked to, and nothing for forks', () => {
    expect(jobs['plan']?.['if']).toMatch(/^vars\.DEPLOY_FOLDER != '' && /)
    expect(jobs['plan']?.['if']).toContain('github.event.pull_request.head.repo.full_name == github.repository')
    expect(jobs['apply']).toMatchObject({ needs: 'plan', if: "github.event_name == 'push'", environment: 'production' })
  })

  test('takes what docs/upgrading.md tells operators to set, and nothing else', () => {
    const used = [...source.matchAll(/\b(?:vars|secrets)\.([A-Z_]+)/g)].map(([, name = '']) => name)
    const [, section = ''] = readFileSync(join(ROOT, 'docs/upgrading.md'), 'utf8').split('### From GitHub Actions')
    const [told = ''] = section.split(/^## /m)
    const names = [...told.matchAll(/`([A-Z_]{5,})`/g)].map(([, name = '']) => name)
    expect([...new Set(names)].sort()).toEqual([...new Set(used)].sort())
  })

  test('hands on no plan file, which holds secrets', () => {
    expect(source).not.toContain('upload-artifact')
  })
})
