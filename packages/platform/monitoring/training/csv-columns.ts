import { describeValue, ServingError } from '@millrace/sdk'
import { COMPONENTS_MAX, type ProfiledField } from '../profiles/profiled-fields.ts'

/** Whose values a column has. */
export interface CsvColumn {
  readonly field: ProfiledField
  readonly component: number
}

/**
 * What the columns of a header are, `undefined` for those that are nobody's. A column that is called as a field is that
 * field's, else one called `field_3` is component 3 of that field, counted from 0.
 *
 * @throws ServingError INVALID_ARGUMENT for two columns of one name, for a component that its field does not have, and
 * when no column is a field's: a first line without names
 */
export function readColumns(
  header: readonly string[],
  fields: ReadonlyMap<string, ProfiledField>,
): readonly (CsvColumn | undefined)[] {
  const seen = new Map<string, string>()
  const columns = header.map(name => {
    const column = columnOf(name, fields)
    if (column === undefined) return undefined
    const key = `${column.component} ${column.field.name}`
    const other = seen.get(key)
    if (other !== undefined) {
      throw invalid(
        other === name
          ? `the header has two columns called '${name}'`
          : `the columns '${other}' and '${name}' are the same: field '${column.field.name}' has one value a row`,
      )
    }
    seen.set(key, name)
    return column
  })
  if (fields.size > 0 && columns.every(column => column === undefined)) {
    throw invalid(
      `the first line must name the columns, and none of ${quoted(header)} is a profiled field; those are ${quoted([...fields.keys()])}`,
    )
  }
  return columns
}

function columnOf(name: string, fields: ReadonlyMap<string, ProfiledField>): CsvColumn | undefined {
  const same = fields.get(name)
  if (same !== undefined) {
    if (same.componentCount !== undefined && same.componentCount > 1) {
      throw invalid(`column '${name}': field '${name}' has ${componentsText(same)}`)
    }
    return { field: same, component: 0 }
  }
  const [, fieldName = '', digits = ''] = /^(.*)_(0|[1-9]\d{0,8})$/s.exec(name) ?? []
  const field = fields.get(fieldName)
  if (field === undefined) return undefined
  const component = Number(digits)
  const { componentCount } = field
  // Next to a field of one value, `x_1` may well be something of its own.
  if (componentCount === 1 && !field.isOpen && component > 0) return undefined
  if (component >= (field.isOpen ? COMPONENTS_MAX : (componentCount ?? COMPONENTS_MAX))) {
    throw invalid(`column '${name}': field '${fieldName}' has ${componentsText(field)}`)
  }
  return { field, component }
}

function componentsText({ name, componentCount, isOpen }: ProfiledField): string {
  const count = isOpen || componentCount === undefined ? COMPONENTS_MAX : componentCount
  const most = isOpen || componentCount === undefined ? 'at most ' : ''
  return `${most}${count} values a row, whose columns are '${name}_0' to '${name}_${count - 1}'`
}

const SHOWN_NAMES = 5

function quoted(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_NAMES).map(name => describeValue(name))
  return `${shown.join(', ')}${names.length > SHOWN_NAMES ? ` and ${names.length - SHOWN_NAMES} more` : ''}`
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
