import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { SETTINGS } from '../../src/settings.ts'
import { plannedWorker, withTwinOf, type Binding } from './planned-worker.ts'
import { casesOf } from './support/cases.ts'
import { standinsOf } from './support/check-with-twin.ts'
import { ROOT } from './support/folders.ts'
import { isWithoutTerraform, terraform } from './support/terraform.ts'

const WITHOUT_TERRAFORM = isWithoutTerraform()
const S3 = {
  s3: { endpoint: 'http://127.0.0.1:9000', bucket: 'images', region: 'us-east-1' },
  s3_credentials: { access_key_id: 'an-access-key-id', secret_access_key: 'a-secret-access-key' },
}
const EVERYTHING = casesOf('').find(({ title }) => title === 'R2, with everything')?.variables ?? {}

/** Every binding of the module: with all inputs set. */
async function allBindings(): Promise<readonly Binding[]> {
  return withTwinOf('.', { ...EVERYTHING, ...script() }, async (folder) => {
    const worker = (await standinsOf(folder)).find(({ type }) => type === 'cloudflare_workers_script')
    return worker?.args['bindings'] as Binding[]
  })
}

function script(): { worker_script: string } {
  return { worker_script: join(ROOT, 'infra/tests/worker.js') }
}

describe.skipIf(WITHOUT_TERRAFORM)('the Worker that Terraform would deploy', () => {
  test('on a storage of this machine', async () => {
    const worker = await plannedWorker('s3-compatible', { ...S3, ...script(), settings: { S3_TIMEOUT_MS: '5000' } })
    expect(worker).toMatchObject({
      scriptName: 'roadstead',
      scriptFile: script().worker_script,
      observability: { enabled: true, logs: { enabled: true, invocation_logs: false } },
      limits: null,
    })
    const texts = Object.fromEntries(worker.bindings.map(({ name, text }) => [name, text]))
    expect(texts).toMatchObject({
      S3_ENDPOINT: 'http://127.0.0.1:9000',
      S3_ACCESS_KEY_ID: 'an-access-key-id',
      S3_SECRET_ACCESS_KEY: 'a-secret-access-key',
      S3_TIMEOUT_MS: '5000',
    })
    expect(texts['TOKEN_SECRET']).toHaveLength(64)
    expect(texts['ADMIN_TOKEN']).toHaveLength(48)
    expect(worker.bindings.map(({ name }) => name)).toEqual(Object.keys(texts).sort())
  })

  test('is refused with what the module refuses', async () => {
    const http = { ...S3, s3: { ...S3.s3, endpoint: 'http://s3.example.com' } }
    await expect(plannedWorker('s3-compatible', { ...http, ...script() })).rejects.toThrow('s3.endpoint must be https')
  })

  test('has the bindings that the code knows, of the kind that it knows them by', async () => {
    const kinds = { plain_text: 'variable', secret_text: 'secret' } as Record<string, string>
    const have = Object.fromEntries((await allBindings()).map(({ name, type }) => [name, kinds[type] ?? 'binding']))
    const known = Object.fromEntries(Object.entries(SETTINGS).map(([name, { kind }]) => [name, kind]))
    expect(known).toMatchObject(have)
  })

  test('has every secret and binding that the code knows', async () => {
    const names = (await allBindings()).map(({ name }) => name)
    const known = Object.entries(SETTINGS).filter(([, { kind }]) => kind !== 'variable')
    expect(names).toEqual(expect.arrayContaining(known.map(([name]) => name)))
  })

  test('has its runtime and its bindings from wrangler.toml', async () => {
    const toml = readFileSync(join(ROOT, 'wrangler.toml'), 'utf8')
    const worker = await plannedWorker('s3-compatible', { ...S3, ...script() })
    expect(worker.compatibilityDate).toBe(/^compatibility_date = "(.*)"$/m.exec(toml)?.[1])
    const flags = /^compatibility_flags = \[(.*)\]$/m.exec(toml)?.[1] ?? ''
    expect(worker.compatibilityFlags).toEqual(flags === '' ? [] : JSON.parse(`[${flags}]`))

    const objects = [...toml.matchAll(/^(?:binding|name) = "([A-Z_]+)"$/gm)].map((match) => match[1])
    const variables = [...toml.matchAll(/^([A-Z][A-Z0-9_]*) = /gm)].map((match) => match[1])
    const names = (await allBindings()).map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining([...objects, ...variables]))
    const limits = worker.bindings.find(({ name }) => name === 'LOGIN_FAILURES')?.simple
    expect(toml).toContain(`simple = { limit = ${limits?.limit ?? ''}, period = ${limits?.period ?? ''} }`)
  })

  test('has the secret before until it is forgotten', async () => {
    const secrets = (variables: object) =>
      withTwinOf('.', { ...script(), ...variables }, async (folder) => {
        const worker = (await standinsOf(folder)).find(({ type }) => type === 'cloudflare_workers_script')
        const bindings = worker?.args['bindings'] as Binding[]
        return ['TOKEN_SECRET', 'TOKEN_SECRET_PREVIOUS'].map((name) => bindings.find((one) => one.name === name)?.text)
      })
    const [first, none] = await secrets({})
    const [second, previous] = await secrets({ token_secret_generation: 2 })
    const alone = await secrets({ token_secret_generation: 2, token_secret_keep_previous: false })
    expect([none, previous]).toEqual([undefined, first])
    expect(second).not.toBe(first)
    expect(alone).toEqual([second, undefined])
  })
})

describe.skipIf(WITHOUT_TERRAFORM)('Terraform', () => {
  test.each(casesOf(script().worker_script).map((one) => [`${one.folder} (${one.title})`, one] as const))(
    'shows no secret in the outputs of %s',
    async (_title, { folder, variables }) => {
      await withTwinOf(folder, { ...variables, ...script() }, async (at) => {
        const worker = (await standinsOf(at)).find(({ type }) => type === 'cloudflare_workers_script')
        const bindings = worker?.args['bindings'] as Binding[]
        const secrets = bindings.flatMap(({ type, text = '' }) => (type === 'secret_text' ? [text] : []))
        expect(secrets.length).toBeGreaterThanOrEqual(3)
        const { stdout } = await terraform(at, ['output', '-json'])
        expect(secrets.filter((secret) => stdout.includes(secret))).toEqual([])
        expect(stdout).not.toContain('"sensitive": true')
      })
    },
  )

  test('tells the administrator the token, and only when asked for it in so many words', async () => {
    await withTwinOf('examples/cloudflare-r2', script(), async (at) => {
      const token = 'local.twin_random_password__admin_token.result' // random_password.admin_token.result, outside of a twin
      expect((await terraform(at, ['console'], {}, `${token}\n`)).stdout).toBe('(sensitive value)\n')
      expect((await terraform(at, ['console'], {}, `nonsensitive(${token})\n`)).stdout).toMatch(/^"\w{48}"\n$/)
    })
  })

  test('knows while it plans which bindings there will be, though not yet their texts', async () => {
    await withTwinOf('examples/cloudflare-r2', script(), async (at) => {
      await terraform(at, ['destroy', '-auto-approve'])
      await terraform(at, ['plan', '-out=plan'])
      const plan = JSON.parse((await terraform(at, ['show', '-json', 'plan'])).stdout) as Plan
      const worker = plan.resource_changes.find(({ address }) => address.endsWith('cloudflare_workers_script__this'))
      const names = worker?.change.after.input?.args.bindings?.map(({ name }) => name)
      expect(names).toEqual(expect.arrayContaining(['ADMIN_TOKEN', 'S3_SECRET_ACCESS_KEY', 'TAGS', 'TOKEN_SECRET']))
    })
  })

  test('gives two registries of one account nothing in common', async () => {
    const namesOf = (name: string) =>
      withTwinOf('.', { ...EVERYTHING, ...script(), name }, async (at) => {
        const outputs = JSON.parse((await terraform(at, ['output', '-json'])).stdout) as {
          resource_names: { value: Record<string, string> }
        }
        return Object.values(outputs.resource_names.value)
      })
    const [one, other] = [await namesOf('images'), await namesOf('images-2')]
    expect(one).toHaveLength(6)
    expect(one.filter((name) => other.includes(name))).toEqual([])
  })
})

interface Plan {
  readonly resource_changes: readonly {
    readonly address: string
    readonly change: {
      readonly after: { readonly input?: { readonly args: { readonly bindings?: readonly Binding[] } } }
    }
  }[]
}
