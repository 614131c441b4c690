import manifest from '../package.json' with { type: 'json' }

/** Of this release: package.json is the one place where it stands. */
export const VERSION = manifest.version
