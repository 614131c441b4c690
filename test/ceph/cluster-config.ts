import { join } from 'node:path'

/** Disk that the store may take; the file is sparse, and grows by what is written. */
const DISK_BYTES = 40 * 2 ** 30
/** The least that Ceph takes. */
const CACHE_BYTES = 896 * 2 ** 20

export interface ClusterPlan {
  /** Holds all that the cluster writes. */
  readonly folder: string
  readonly id: string
  readonly monitorPort: number
  readonly gatewayPort: number
}

/** `ceph.conf` of a cluster of one monitor, one disk and one S3 gateway, that keeps one copy and to the loopback. */
export function clusterConfig({ folder, id, monitorPort, gatewayPort }: ClusterPlan): string {
  const at = (name: string) => join(folder, name)
  return iniOf({
    global: {
      fsid: id,
      'mon initial members': 'a',
      'mon host': monitorAddress(monitorPort),
      'public addr': '127.0.0.1',
      'cluster addr': '127.0.0.1',
      'ms bind ipv6': false,
      keyring: at('keyring'),
      'run dir': folder,
      'admin socket': at('$name.$pid.sock'),
      'log file': at('$name.log'),
      'pid file': '',
      'osd pool default size': 1,
      'osd pool default min size': 1,
      'osd pool default pg num': 8,
      'osd pool default pg autoscale mode': 'off',
      'osd crush chooseleaf type': 0, // copies may share a machine
      'mon allow pool size one': true,
      'mon max pg per osd': 1000,
      'mon data avail crit': 1, // per cent of the machine's disk: a monitor ends itself when less is free
      'mon data avail warn': 2,
      'auth allow insecure global id reclaim': false,
    },
    'mon.a': { 'mon data': at('monitor') },
    'osd.0': {
      'osd data': at('disk'),
      keyring: at('disk/keyring'),
      'bluestore block size': DISK_BYTES,
      'osd memory target': CACHE_BYTES,
      'osd class update on start': false, // it would ask the mgr, which we do without
    },
    'client.admin': {
      'rgw data': at('gateway'),
      'rgw frontends': `beast endpoint=127.0.0.1:${gatewayPort}`,
    },
  })
}

export function monitorAddress(port: number): string {
  return `[v2:127.0.0.1:${port}]`
}

function iniOf(sections: Record<string, Record<string, string | number | boolean>>): string {
  return Object.entries(sections)
    .map(([name, settings]) => {
      const lines = Object.entries(settings).map(([key, value]) => `${key} = ${value}\n`)
      return `[${name}]\n${lines.join('')}`
    })
    .join('\n')
}
