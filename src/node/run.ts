import { stop } from 'esbuild'
import { bundleWorker } from './build.ts'
import { runRegistry } from './runner.ts'

await runRegistry(async () => {
  const script = await bundleWorker()
  await stop() // the bundler is a process of its own
  return script
})
