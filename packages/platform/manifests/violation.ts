/** What is wrong with a manifest, and where: a rule that Kubernetes, KServe or ModelMesh would only tell of in a log. */
export interface Violation {
  /** From the manifest's root: `spec.containers[0].name`. */
  readonly path: string
  /** The value that was found, and what is allowed. */
  readonly message: string
}

/** Collects violations below a path. */
export class Findings {
  readonly violations: Violation[] = []

  add(path: string, message: string): void {
    this.violations.push({ path, message })
  }
}

/** A value as a message shows it: short. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}
