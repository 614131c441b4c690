import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clearClients, clientsOf, describeWithClients, folder, images } from './support/clients.ts'
import { digestOf } from './support/digest.ts'
import { run } from './support/run.ts'
import { mapName, verifiedLoopback, startTlsRegistry, trust, writeHostsToml, type TlsRegistry } from './support/tls.ts'

const NAME = 'tls.registry.local'
const TOKEN_PATH = '/token?scope=repository:dora/by-docker:pull'
const UNKNOWN_AUTHORITY = /x509: certificate signed by unknown authority/

/** A registry at a name of the hosts file, whose certificate an authority at home has signed. */
describeWithClients('TLS', () => {
  const own = join(folder, 'tls')
  const dockerVerifiesAt = verifiedLoopback()
  const image = images['app-v1']
  const undo: (() => unknown)[] = []
  const { docker, podman, skopeo, ctr } = clientsOf('dora-over-tls')
  let registry: TlsRegistry
  let login: { username: string; password: string }

  const reference = (name: string) => `${registry.host}/dora/${name}:v1`
  const credentials = () => `${login.username}:${login.password}`
  /** The CLI of the administrator. */
  const roadstead = (...args: string[]) =>
    run('node', ['bin/roadstead.js', ...args], {
      env: {
        ROADSTEAD_REGISTRY: `https://${registry.host}`,
        ROADSTEAD_USERNAME: 'admin',
        ROADSTEAD_TOKEN: registry.adminToken,
        NODE_EXTRA_CA_CERTS: registry.authority.file,
      },
    })
  const curl = (...args: string[]) => run('curl', ['--silent', '--show-error', '--noproxy', '*', ...args])

  beforeAll(async () => {
    await clearClients()
    const address = dockerVerifiesAt ?? '127.0.0.1'
    undo.push(mapName(NAME, address))
    registry = await startTlsRegistry(own, NAME, address)
    undo.push(() => registry.daemon.stop('SIGINT'))
    await roadstead('user', 'add', 'dora')
    const made = await roadstead('token', 'create', '--for', 'dora', '--name', 'laptop', '--scope', '*:pull,push')
    login = { username: 'dora', password: /rdstp_\w+/.exec(made.stdout)?.[0] ?? '' }
  })
  afterAll(async () => {
    for (const step of undo.reverse()) await step()
    await clearClients()
  })

  test('says where it is by https and by the name of its certificate', () => {
    expect(registry.daemon.log()).toContain(`Roadstead is ready: https://${registry.host}\n`)
    expect(registry.daemon.log()).toContain(`docker login ${registry.host} -u admin\n`)
  })

  test('sends clients for a token to https, and tells those who come without TLS', async () => {
    const { stdout } = await curl('--include', '--cacert', registry.authority.file, `https://${registry.host}/v2/`)
    expect(stdout).toMatch(new RegExp(`^www-authenticate: Bearer realm="https://${registry.host}/`, 'im'))
    const plain = await curl('--include', `http://${registry.host}/v2/`)
    expect(plain.stdout).toMatch(/^HTTP\/1\.0 400 Bad Request\r\n/)
    expect(plain.stdout).toContain('Client sent an HTTP request to an HTTPS server.')
  })

  // First of all: what docker is told to trust, podman and skopeo trust as well.
  test('no client talks to a registry whose authority it does not know', async () => {
    if (dockerVerifiesAt !== null) {
      await docker.load(image, reference('stranger'))
      await expect(docker.login(registry.host, login)).rejects.toThrow(UNKNOWN_AUTHORITY)
      await expect(docker('image', 'push', reference('stranger'))).rejects.toThrow(UNKNOWN_AUTHORITY)
    }
    const source = `oci-archive:${image.oci}`
    const copy = skopeo('copy', '--dest-creds', credentials(), source, `docker://${reference('stranger')}`)
    await expect(copy).rejects.toThrow(UNKNOWN_AUTHORITY)
    const podmanLogin = podman('login', '--username', login.username, '--password', login.password, registry.host)
    await expect(podmanLogin).rejects.toThrow(UNKNOWN_AUTHORITY)
    await ctr.load(image, reference('stranger'))
    const push = ctr('images', 'push', '--user', credentials(), reference('stranger'))
    await expect(push).rejects.toThrow(UNKNOWN_AUTHORITY)
    await clearClients()
  })

  test('skopeo, told by --cert-dir', async () => {
    const certs = join(own, 'certs')
    undo.push(trust(certs, registry))
    const dir = join(certs, registry.host)
    const to = `docker://${reference('by-skopeo')}`
    const digestFile = join(own, 'skopeo-digest')
    const options = ['--dest-cert-dir', dir, '--dest-creds', credentials(), '--digestfile', digestFile]
    await skopeo('copy', ...options, `oci-archive:${image.oci}`, to)
    const pulled = join(own, 'skopeo-pulled')
    mkdirSync(pulled)
    await skopeo('copy', '--src-cert-dir', dir, '--src-creds', credentials(), to, `dir:${pulled}`)
    expect(digestOf(readFileSync(join(pulled, 'manifest.json')))).toBe(readFileSync(digestFile, 'utf8').trim())
  })

  test('podman, told by /etc/containers/certs.d', async () => {
    undo.push(trust('/etc/containers/certs.d', registry))
    await podman('login', '--username', login.username, '--password', login.password, registry.host)
    await podman.load(image, reference('by-podman'))
    await podman('push', reference('by-podman'))
    await podman.clear()
    const { stdout } = await podman('pull', '--quiet', reference('by-podman'))
    expect(`sha256:${stdout.trim()}`).toBe(image.id)
  })

  test('ctr, told by hosts.toml', async () => {
    const hosts = join(own, 'containerd')
    writeHostsToml(hosts, registry)
    const options = ['--hosts-dir', hosts, '--user', credentials()]
    await ctr.load(image, reference('by-ctr'))
    const digest = await ctr.digest(reference('by-ctr'))
    await ctr('images', 'push', ...options, reference('by-ctr'))
    await ctr.clear()
    await ctr('images', 'pull', ...options, reference('by-ctr'))
    expect(await ctr.digest(reference('by-ctr'))).toBe(digest)
  })

  test('docker, told by /etc/docker/certs.d for the one port: layers come from the other one', async () => {
    undo.push(trust('/etc/docker/certs.d', registry))
    await docker.login(registry.host, login)
    await docker.load(image, reference('by-docker'))
    const digest = await docker.push(reference('by-docker'))
    await docker.clear()
    const pulled = await docker.pull(reference('by-docker'), image.paths)
    expect(pulled).toEqual({ digest, config: image.id, diffIds: image.diffIds, files: image.files })
  })

  test('layers are fetched over TLS from the other port', async () => {
    const url = `https://${registry.host}/v2/dora/by-docker/blobs/${image.id}`
    const trusting = ['--cacert', registry.authority.file]
    const token = await curl(...trusting, '--user', credentials(), `https://${registry.host}${TOKEN_PATH}`)
    const bearer = `Authorization: Bearer ${(JSON.parse(token.stdout) as { token: string }).token}`
    const redirect = await curl('--include', ...trusting, '--header', bearer, url)
    const [, location = ''] = /^location: (\S+)/im.exec(redirect.stdout) ?? []
    expect(location).toMatch(new RegExp(`^https://${NAME}:${registry.storagePort}/`))
    expect(digestOf((await curl(...trusting, location)).stdout)).toBe(image.id)
    await expect(curl(location)).rejects.toThrow(/unable to get local issuer certificate/)
  })

  test('anonymous pulls are refused in words, over TLS as without', async () => {
    const { docker: stranger } = clientsOf('stranger-over-tls')
    await expect(stranger('image', 'pull', reference('by-docker'))).rejects.toThrow(/denied|unauthorized/)
  })
})
