import { describe, expect, inject, test } from 'vitest'

import { runDoctor, variablesOf } from '../cli/support/doctor.ts'

const s3 = inject('cephS3')

describe.skipIf(s3 === null)('the doctor on Ceph', () => {
  test.for([
    ['as it is', 'true', 0, []],
    ['with the bucket in the host name', 'false', 1, ['path-style']],
  ] as const)('%s', async ([, pathStyle, status, failed]) => {
    if (s3 === null) return
    const endpoint = s3.endpoint.replace('127.0.0.1', 'localhost') // of an address the SDK makes no host names
    const diagnosis = await runDoctor(['--json'], variablesOf({ ...s3, endpoint, pathStyle }))
    const lines = diagnosis.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    const fails = lines.filter(({ verdict }) => verdict === 'fail').map(({ name }) => name)
    expect(fails, diagnosis.stdout).toEqual(failed)
    expect(diagnosis.status).toBe(status)
    const { bucket, region } = s3
    const settings = { S3_ENDPOINT: endpoint, S3_BUCKET: bucket, S3_REGION: region, S3_PATH_STYLE: 'true' }
    expect(lines.at(-1)).toMatchObject({ safe: status === 0, settings })
    expect(lines.at(-1)?.['settings']).not.toHaveProperty('S3_FEATURES')
  })
})
