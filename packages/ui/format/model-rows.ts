import type { ModelJson, VersionJson } from '../api/model-json.ts'

/** A model with what its list shows. */
export interface ModelRow extends ModelJson {
  /** The newest one; none while the list of versions is still to come. */
  readonly latest: VersionJson | undefined
  readonly versionCount: number
  /** It watches other models. */
  readonly isMetric: boolean
  readonly isFavourite: boolean
}

export interface ModelFilter {
  /** Part of the name, in whatever case. */
  readonly text: string
  readonly hidesMetrics: boolean
  readonly favourites: readonly string[]
}

/** Models that suit, favourites first, each group by name. */
export function modelRows(
  models: readonly ModelJson[],
  versions: readonly VersionJson[],
  { text, hidesMetrics, favourites }: ModelFilter,
): readonly ModelRow[] {
  const byModel = Map.groupBy(versions, ({ model }) => model.id)
  const wanted = text.trim().toLowerCase()
  return models
    .map(model => {
      const own = byModel.get(model.id) ?? []
      const latest = own.toSorted((a, b) => b.modelVersion - a.modelVersion)[0]
      return {
        ...model,
        latest,
        versionCount: own.length,
        isMetric: isTrue(latest?.metadata?.['is_metric']),
        isFavourite: favourites.includes(model.name),
      }
    })
    .filter(row => row.name.toLowerCase().includes(wanted) && !(hidesMetrics && row.isMetric))
    .toSorted((a, b) => Number(b.isFavourite) - Number(a.isFavourite) || a.name.localeCompare(b.name))
}

/** Python writes `True`. */
function isTrue(text: string | undefined): boolean {
  return text?.toLowerCase() === 'true'
}
