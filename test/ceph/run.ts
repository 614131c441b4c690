import { startCeph } from './ceph.ts'

/** `node test/ceph/run.ts` runs a Ceph to develop with, and prints the variables that lead to it. Ctrl-C ends it. */
const ceph = await startCeph()
const { s3 } = ceph
const variables = {
  S3_ENDPOINT: s3.endpoint,
  S3_BUCKET: s3.bucket,
  S3_REGION: s3.region,
  S3_ACCESS_KEY_ID: s3.accessKeyId,
  S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
  S3_PATH_STYLE: s3.pathStyle,
}
for (const [name, value] of Object.entries(variables)) console.log(`export ${name}=${value}`)
const idle = setInterval(() => undefined, 60_000)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => {
    clearInterval(idle)
    void ceph.stop()
  })
