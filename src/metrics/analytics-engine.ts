import { countedMethod, type Observer } from './answered.ts'

/**
 * One data point an answer. docs/observability.md has its columns, and queries on them.
 * https://developers.cloudflare.com/analytics/analytics-engine/
 */
export function createAnalyticsObserver(dataset: AnalyticsEngineDataset): Observer {
  return (answered) => {
    const { tally, status, code, milliseconds } = answered
    dataset.writeDataPoint({
      indexes: [tally.route],
      blobs: [tally.route, countedMethod(answered), String(status), code ?? ''],
      doubles: [milliseconds, tally.pushedBytes, tally.pulledBytes, tally.sharedBlobs, tally.sharedBytes],
    })
  }
}
