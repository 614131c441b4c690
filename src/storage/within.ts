import { RegistryError } from '../oci/errors.ts'

/**
 * `promise`, but not for longer than that.
 *
 * @throws {RegistryError} `UNAVAILABLE` when the time has passed; what was waited for goes on unheeded
 */
export async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new RegistryError('UNAVAILABLE', { cause: new Error(`storage stood still for ${milliseconds} ms`) }))
    }, milliseconds)
  })
  promise.catch(() => undefined)
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
