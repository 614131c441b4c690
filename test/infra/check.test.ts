import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { checkParsed } from './support/check-parsed.ts'
import { checkWithTwin } from './support/check-with-twin.ts'
import { copyInfra, INFRA, moduleFolders, ROOT, withFolder } from './support/folders.ts'
import { parseFolder } from './support/hcl.ts'
import { readmeIsCurrent } from './support/readme-table.ts'
import { createReport } from './support/report.ts'
import { isWithoutTerraform } from './support/terraform.ts'

const WITHOUT_TERRAFORM = isWithoutTerraform()
const CHECK = join(import.meta.dirname, 'check.ts')

function runCheck(environment: NodeJS.ProcessEnv = {}) {
  return spawnSync(process.execPath, [CHECK], { env: { ...process.env, ...environment }, encoding: 'utf8' })
}

test.skipIf(WITHOUT_TERRAFORM)('infra/ is right, as far as can be told here', () => {
  const { status, stdout } = runCheck()
  expect(stdout).toMatch(/^infra:check: Terraform /)
  expect(stdout).toMatch(/infra:check: \d+ passed, 0 failed, \d+ skipped\n$/)
  expect(status).toBe(0)
  const left = moduleFolders(INFRA).flatMap((folder) => readdirSync(join(INFRA, folder)))
  expect(left.filter((name) => /^\.terraform|tfstate/.test(name))).toEqual([])
})

test('without Terraform, it says what it does not check', () => {
  const { status, stdout } = runCheck({ PATH: '/nowhere', REQUIRE_TERRAFORM: '' })
  expect(stdout).toMatch(/^infra:check: no terraform here/)
  expect(stdout).toContain('SKIP  terraform fmt, validate, test, plan, apply')
  expect(status).toBe(0)
})

test('where Terraform is required, its absence is a failure', () => {
  const { status, stderr } = runCheck({ PATH: '/nowhere', REQUIRE_TERRAFORM: '1' })
  expect(stderr).toContain('terraform not found, and REQUIRE_TERRAFORM is set')
  expect(status).toBe(1)
})

test('README.md has the inputs and outputs of the HCL', async () => {
  expect(await readmeIsCurrent(INFRA)).toBe(true)
})

test("the bucket of AWS, a root's own, cannot be destroyed by accident", async () => {
  const { resources } = await parseFolder(join(INFRA, 'examples/aws-s3'))
  const bucket = resources.find(({ type }) => type === 'aws_s3_bucket')?.block
  expect(bucket).toMatchObject({ force_destroy: false, lifecycle: [{ prevent_destroy: true }] })
})

test('no file of infra/ names this machine', () => {
  const files = readdirSync(INFRA, { recursive: true, encoding: 'utf8' }).filter((name) => /\.\w+$/.test(name))
  const texts = files.map((name) => readFileSync(join(INFRA, name), 'utf8'))
  expect(texts.filter((text) => text.includes(ROOT))).toEqual([])
})

/** A copy of infra/ in which one text is another. */
async function seeded(
  file: string,
  from: string,
  to: string,
  check: 'parsed' | 'twin' | 'tests',
): Promise<readonly string[]> {
  return withFolder(async (folder) => {
    copyInfra(INFRA, folder)
    const text = readFileSync(join(folder, file), 'utf8')
    expect(text).toContain(from)
    writeFileSync(join(folder, file), text.replace(from, to))
    const report = createReport(() => undefined)
    if (check === 'parsed') await checkParsed(folder, report)
    else
      await checkWithTwin(folder, report, {
        only: ({ title }) => title === 'R2, with everything',
        tests: check === 'tests',
      })
    return report.findings
  })
}

describe('an error that needs no Terraform to be found', () => {
  test.each([
    [
      'unknown argument',
      'storage.tf',
      'storage_class = "Standard"',
      'storage_tier = "Standard"',
      'storage_tier: no such argument',
    ],
    [
      'unknown argument, nested',
      'storage.tf',
      'max_age_seconds = 3600',
      'max_age = 3600',
      'rules[0].max_age: no such argument',
    ],
    [
      'what only the provider sets',
      'storage.tf',
      'storage_class = "Standard"',
      'creation_date = "now"',
      'is not for us to set',
    ],
    ['wrong type', 'main.tf', 'previews_enabled = false', 'previews_enabled = "perhaps"', '"perhaps" is no bool'],
    ['missing', 'main.tf', '  title      = "${var.name}-tags"\n', '', 'title: is missing'],
    [
      'missing, nested',
      'storage.tf',
      'conditions = { prefix = "uploads/" }',
      'conditions = {}',
      'conditions.prefix: is missing',
    ],
    ['value out of the set', 'storage.tf', '"Standard"', '"Cheap"', '"Cheap" is not one of'],
    ['block for an attribute', 'main.tf', 'observability = {', 'observability {', 'is an attribute, not a block'],
    ['block that there is not', 'main.tf', 'limits = var', 'limit {}\n\n  limits = var', 'there is no block limit'],
    [
      'attribute for a block',
      'examples/aws-s3/bucket.tf',
      'expiration {',
      'expiration = {',
      'is a block, not an attribute',
    ],
    [
      'missing block',
      'examples/aws-s3/bucket.tf',
      '  rule {\n    object_ownership = "BucketOwnerEnforced"\n  }\n',
      '',
      'rule: is missing',
    ],
    ['no schema', 'main.tf', '"cloudflare_workers_kv_namespace"', '"cloudflare_kv"', 'cloudflare_kv: no schema of it'],
    ['does not parse', 'main.tf', 'locals {', 'locals {{', 'main.tf'],
    [
      'no description',
      'outputs.tf',
      '  description = "The bucket that holds everything."\n',
      '',
      'bucket has no description',
    ],
  ])('%s', async (_what, file, from, to, want) => {
    expect((await seeded(file, from, to, 'parsed')).join('\n')).toContain(want)
  })
})

describe.skipIf(WITHOUT_TERRAFORM)('an error that Terraform finds', () => {
  test.each([
    [
      'unknown reference',
      'main.tf',
      'cloudflare_workers_kv_namespace.tags.id',
      'cloudflare_workers_kv_namespace.tag.id',
      'tag',
    ],
    ['unknown variable', 'main.tf', 'var.cpu_ms == null', 'var.cpu == null', 'undeclared'],
    [
      'wrong type of an input',
      'variables.tf',
      'default     = 60\n',
      'default     = "minute"\n',
      'Invalid default value',
    ],
    ['value out of the set, computed', 'main.tf', 'type = "secret_text"', 'type = "secret"', '"secret" is not one of'],
    ['unknown argument, computed', 'main.tf', 'simple       = {', 'simples      = {', 'simples: no such argument'],
    ['missing, computed', 'main.tf', 'limit = 20, ', '', 'simple.limit: is missing'],
    ['secret in an output', 'outputs.tf', 'value       = local.settings', 'value       = local.secrets', 'sensitive'],
  ])('%s', async (_what, file, from, to, want) => {
    expect((await seeded(file, from, to, 'twin')).join('\n')).toContain(want)
  })

  test.each([
    ['validation that lets too much through', 'variables.tf', '>= 32, false)', '>= 3, false)', 'admin_token_too_short'],
    ['validation that refuses too much', 'variables.tf', '["fast", "fresh"]', '["fast"]', 'tag_reads must be'],
    ['binding that gets lost', 'main.tf', 'S3_BUCKET          = local.storage.bucket\n', '', 'Other settings than'],
  ])('by the tests: %s', async (_what, file, from, to, want) => {
    expect((await seeded(file, from, to, 'tests')).join('\n')).toContain(want)
  })
})
