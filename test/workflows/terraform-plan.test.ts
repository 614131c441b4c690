import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { ROOT } from '../docs/support/markdown.ts'
import { isWithoutTerraform } from '../infra/support/terraform.ts'
import { temporaryFolder } from '../node/support/temporary.ts'

const CONFIGURATION = `
variable "public" {
  type = string
}
variable "secret" {
  type      = string
  sensitive = true
}
resource "terraform_data" "one" {
  input = { public = "PUBLIC \${var.public}", secret = var.secret }
}
output "url" {
  value = "https://registry.example.com"
}
`

test.skipIf(isWithoutTerraform())('a plan says the same as long as nothing has changed, and shows no secret', () => {
  const work = temporaryFolder()
  const folder = join(work, 'deployment')
  mkdirSync(folder)
  writeFileSync(join(folder, 'main.tf'), CONFIGURATION.replace('PUBLIC', 'first'))
  const env = {
    ...process.env,
    TF_IN_AUTOMATION: '1',
    VARIABLES: '{"public":"seen"}',
    SECRET_VARIABLES: '{"secret":"do-not-show"}',
  }
  const plan = (name: string) => {
    // From the root, as the workflow does, with a path that is relative.
    execFileSync('bash', [join(ROOT, '.ci/terraform-plan'), 'deployment', join('plans', name)], { cwd: work, env })
    const text = readFileSync(join(work, 'plans', `${name}.txt`), 'utf8')
    return { text, digest: readFileSync(join(work, 'plans', `${name}.sha256`), 'utf8').trim() }
  }

  const reviewed = plan('reviewed')
  expect(reviewed.text).toContain('terraform_data.one will be created')
  expect(reviewed.text).toContain('first seen')
  expect(reviewed.text).not.toContain('do-not-show')
  expect(readdirSync(folder).filter((name) => name.includes('tfvars'))).toEqual([])
  expect(reviewed.digest).toMatch(/^[0-9a-f]{64}$/)
  expect(plan('again')).toEqual(reviewed)

  writeFileSync(join(folder, 'main.tf'), CONFIGURATION.replace('PUBLIC', 'second'))
  expect(plan('changed').digest).not.toBe(reviewed.digest)

  execFileSync('terraform', ['-chdir=deployment', 'apply', '-input=false', join(work, 'plans/changed')], {
    cwd: work,
    env,
  })
  expect(plan('applied').text).toContain('No changes')
  const url = execFileSync('terraform', ['-chdir=deployment', 'output', '-raw', 'url'], { cwd: work, encoding: 'utf8' })
  expect(url).toBe('https://registry.example.com')
})
