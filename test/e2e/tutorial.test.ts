import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readImage } from './support/api.ts'
import { account, describeWithClients, docker, folder, namedRegistry, registry } from './support/clients.ts'
import { lineWith } from './support/run.ts'

/** What a beginner types, in the order of the book; the second name is one that only this machine's hosts file knows. */
describeWithClients('the tutorial of a beginner', () => {
  let image: { readonly id: string; readonly diffIds: readonly string[]; readonly files: string }
  const names = [`${registry}/${account}/image-gallery:v1`, `${namedRegistry}/${account}/image-gallery:v1`] as const

  test('docker image build', async () => {
    await docker.clear()
    const context = mkdtempSync(join(folder, 'image-gallery-'))
    const pictures = ['sunrise', 'noon', 'sunset']
    for (const picture of pictures) writeFileSync(join(context, picture), `a picture of the ${picture}\n`)
    const lines = ['FROM scratch', ...pictures.map((picture) => `COPY ${picture} /gallery/`)]
    writeFileSync(join(context, 'Dockerfile'), lines.join('\n'))

    await docker('image', 'build', '--tag', 'image-gallery', context)
    const { Id: id, RootFS } = await docker.inspect('image-gallery')
    image = { id, diffIds: RootFS.Layers, files: await docker.fingerprint('image-gallery', ['/gallery']) }
    expect(image.diffIds).toHaveLength(pictures.length)
  })

  test('docker image tag, and docker image ls shows both names with one image id', async () => {
    for (const name of names) await docker('image', 'tag', 'image-gallery', name)

    const format = ['--no-trunc', '--format', '{{.Repository}}:{{.Tag}} {{.ID}}']
    const { stdout } = await docker('image', 'ls', '--filter', 'reference=*/*/image-gallery', ...format)
    expect(stdout.trim().split('\n').sort()).toEqual(names.map((name) => `${name} ${image.id}`).sort())
  })

  test.for([
    [names[0], /: Pushed$/],
    // The engine knows the layers by the other name only: it may send them again, and the registry keeps one copy.
    [names[1], /: (Pushed|Layer already exists|Mounted from \S+)$/],
  ] as const)('docker image push %s shows every layer and the digest', async ([name, progress]) => {
    const { stdout } = await docker('image', 'push', name)
    const served = await readImage(name)
    expect(stdout).toContain(`The push refers to repository [${name.replace(':v1', '')}]`)
    for (const diffId of image.diffIds) {
      const lines = stdout.split('\n').filter((line) => line.startsWith(diffId.slice('sha256:'.length).slice(0, 12)))
      expect(lines.at(-1)).toMatch(progress)
    }
    expect(stdout.trim().split('\n').at(-1)).toBe(`v1: digest: ${served.digest} size: ${served.size}`)
    expect(served.config).toBe(image.id)
  })

  test('docker image rm of every name deletes the image', async () => {
    const { stdout } = await docker('image', 'rm', ...names, 'image-gallery')
    expect(stdout).toContain(`Deleted: ${image.id}`)
    expect((await docker('image', 'ls', '--all', '--quiet')).stdout).toBe('')
  })

  test.for(names)('docker image pull %s brings it back', async (name) => {
    await docker.clear()
    const { stdout } = await docker('image', 'pull', name)
    expect(lineWith(stdout, /^Status:/)).toBe(`Status: Downloaded newer image for ${name}`)
    expect((await docker.inspect(name)).Id).toBe(image.id)
    expect(await docker.fingerprint(name, ['/gallery'])).toBe(image.files)
  })
})
