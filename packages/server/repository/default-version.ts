/**
 * The version that answers requests which name none, chosen as MLServer does: a model without
 * version (undefined) before all others; two integers compare as numbers, so 10 is newer than 9;
 * otherwise both compare as text, so v3 is newer than v10.
 *
 * That rule can run in a circle (10 > 2 > 1x > 10). Going through the versions in order of their
 * text makes the choice the same in whichever order they were loaded.
 */
export function pickDefaultVersion(versions: readonly (string | undefined)[]): string | undefined {
  if (versions.includes(undefined)) return undefined
  let newest: string | undefined
  for (const version of versions.filter(version => version !== undefined).sort()) {
    if (newest === undefined || isNewer(version, newest)) newest = version
  }
  return newest
}

function isNewer(version: string, than: string): boolean {
  const number = toInteger(version)
  const otherNumber = toInteger(than)
  return number === undefined || otherNumber === undefined ? version > than : number > otherNumber
}

/** As big integers, because versions may be timestamps with many digits. */
function toInteger(version: string): bigint | undefined {
  return /^\s*[+-]?\d+\s*$/.test(version) ? BigInt(version.trim().replace(/^\+/, '')) : undefined
}
