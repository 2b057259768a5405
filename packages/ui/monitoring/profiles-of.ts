/** Names of a field's profiles among those of its version, `x_0`, `x_1`, …, in the order of its values. */
export function profilesOf(field: string, names: readonly string[]): readonly string[] {
  return names
    .filter(name => name.startsWith(`${field}_`) && /^\d+$/.test(name.slice(field.length + 1)))
    .toSorted((a, b) => Number(a.slice(field.length + 1)) - Number(b.slice(field.length + 1)))
}
