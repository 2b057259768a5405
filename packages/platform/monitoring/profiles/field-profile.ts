import {
  createNumericalProfile,
  type NumericalProfile,
  type NumericalState,
  type NumericalView,
} from './numerical-profile.ts'
import { COMPONENTS_MAX, profileName } from './profiled-fields.ts'
import { createTextProfile, type TextProfile, type TextState, type TextView } from './text-profile.ts'

/** The profiles of one field, a component each; a gap is a component that nobody has seen. */
export type FieldState =
  | { readonly kind: 'numerical'; readonly components: readonly (NumericalState | null)[] }
  | { readonly kind: 'text'; readonly components: readonly (TextState | null)[] }

export interface FieldProfile {
  readonly kind: FieldState['kind']
  /** @throws RangeError from COMPONENTS_MAX on, and for a field of the other kind: callers keep to the layout */
  readonly numerical: (component: number) => NumericalProfile
  readonly text: (component: number) => TextProfile
  readonly merge: (state: FieldState) => void
  readonly state: () => FieldState
}

/** As it is shown, under the name of the one kind or the other. */
export type ProfileView =
  | { readonly NumericalProfile: { readonly name: string; readonly modelVersionId: number } & NumericalView }
  | { readonly TextProfile: { readonly name: string; readonly modelVersionId: number } & TextView }

export function createFieldProfile(kind: FieldState['kind']): FieldProfile {
  const numbers: NumericalProfile[] = []
  const texts: TextProfile[] = []

  const numerical = (component: number): NumericalProfile => {
    check(kind === 'numerical', component)
    return (numbers[component] ??= createNumericalProfile())
  }
  const text = (component: number): TextProfile => {
    check(kind === 'text', component)
    return (texts[component] ??= createTextProfile())
  }
  return {
    kind,
    numerical,
    text,
    merge(state) {
      if (state.kind === 'numerical') {
        for (const [index, one] of state.components.entries()) if (one !== null) numerical(index).merge(one)
      } else {
        for (const [index, one] of state.components.entries()) if (one !== null) text(index).merge(one)
      }
    },
    state: () =>
      kind === 'numerical'
        ? { kind, components: Array.from(numbers, one => one?.state() ?? null) }
        : { kind, components: Array.from(texts, one => one?.state() ?? null) },
  }
}

/** Reads what was written with `JSON.stringify`. */
export function readFieldState(text: string): FieldState {
  return JSON.parse(text) as FieldState
}

/** Of one component; `null` for one that nobody has seen. */
export function viewComponent(
  state: FieldState,
  field: string,
  component: number,
  modelVersionId: number,
): ProfileView | null {
  const name = profileName(field, component)
  if (state.kind === 'numerical') {
    const own = state.components[component] ?? null
    if (own === null) return null
    return { NumericalProfile: { name, modelVersionId, ...createNumericalProfile(own).view() } }
  }
  const own = state.components[component] ?? null
  return own === null ? null : { TextProfile: { name, modelVersionId, ...createTextProfile(own).view() } }
}

function check(isKind: boolean, component: number): void {
  if (!isKind || component >= COMPONENTS_MAX) {
    throw new RangeError(`component ${component} of a field of ${isKind ? 'this' : 'the other'} kind`)
  }
}
