/**
 * Every MUST and SHOULD of the spec that has no row, by the heading under which it stands, and why it has none. Most
 * are for clients. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md, and main where it says so.
 */
export const UNTESTABLE: readonly (readonly [section: string, demand: string, why: string])[] = [
  ['Legacy Docker support HTTP headers', 'not to depend on the legacy headers', 'for clients'],
  ['Legacy Docker support error codes', 'not to depend on the legacy codes', 'for clients'],
  ['Requirements', 'to support the whole of each category that is claimed', 'the sum of all rows'],
  ['Pulling manifests', 'to send Accept, and to check type and digest of what comes', 'for clients'],
  ['Pulling blobs', 'to check the digest of what comes', 'for clients'],
  ['POST then PUT', 'to use the upload URL as it was given', 'for clients; the rows do'],
  ['Single POST', 'to send a matching Content-Length', 'HTTP itself allows no other'],
  ['Single POST', 'to go on with PUT after a 202', 'for clients; the rows do'],
  ['Pushing a blob in chunks', 'to send Content-Length: 0 with the POST, and ranges of the given form', 'for clients'],
  ['Pushing a blob in chunks', 'to keep to OCI-Chunk-Min-Length', 'for clients; the rows do'],
  [
    'Pushing a blob in chunks',
    'to name a digest-algorithm that is not sha256 (main)',
    'for clients; registries must not count on it',
  ],
  ['Cancel a blob upload', 'to cancel what is given up, and to ignore failures (main)', 'for clients'],
  ['Cancel a blob upload', 'to time unfinished uploads out in the end (main)', 'the spec names no time'],
  ['Mounting a blob from another repository', 'to check the digest that the answer names', 'for clients'],
  ['Pushing Manifests', 'to send the mediaType as Content-Type, without parameters', 'for clients'],
  ['Pushing Manifests', 'to let manifests name all the blobs of an object', 'for clients'],
  ['Pushing Manifests with Subject', 'to keep the referrers tag where OCI-Subject is absent', 'for clients'],
  ['Listing Tags', 'to give a tag as last, not a number', 'for clients'],
  ['Listing Referrers', 'to send Link when not all fits one answer', 'only the registry knows; pages are followed'],
  ['Listing Referrers', 'to list several applied filters with commas', 'the spec has one filter'],
  ['Listing Referrers', 'to fall back to the referrers tag after a 404', 'for clients'],
  ['Deleting tags', 'to answer 400 or 405 where deletion is disabled', 'such rows are skipped, and say so'],
  ['Deleting Manifests', 'to take the entry out of the referrers tag', 'for clients'],
  ['Registry Proxying', 'to name the source host in ns, and to guard credentials (main)', 'for clients'],
  ['Unavailable Referrers API', 'to fall back to the referrers tag', 'for clients'],
  ['Referrers Tag Schema', 'how the tag is made of the digest', 'for clients'],
  [
    'Enabling the Referrers API',
    'to include what older indexes under referrers tags list',
    'needs a registry from before',
  ],
  ['API', 'to follow redirects, and not to send Authorization to another host (main)', 'for clients; the rows do'],
  ['Error Codes', 'to send Retry-After with a 429 (main)', 'it would take a flood'],
  ['Warnings', 'to show warnings once, and to do nothing because of them', 'for clients'],
]
