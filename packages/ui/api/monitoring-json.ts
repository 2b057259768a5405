/** Counts of checks over one batch of requests, by field; names that begin with `_hs_` are the platform's. */
export interface AggregateJson {
  readonly _id?: unknown
  readonly _hs_first_id: unknown
  readonly _hs_last_id: unknown
  readonly _hs_requests: number
  readonly _hs_metrics?: Readonly<Record<string, CountsJson>> | null
  readonly [field: string]: unknown
}

/** Fields count `checks`, metrics `checked`. */
export interface CountsJson {
  readonly checks?: number
  readonly checked?: number
  readonly passed: number
}

export interface AggregatesJson {
  readonly count: number
  readonly minDate: string | number | null
  readonly maxDate: string | number | null
  /** Newest first. */
  readonly results: readonly AggregateJson[]
}

/** One request with its checks. */
export interface CheckJson {
  readonly _id?: unknown
  readonly _hs_request_id?: string
  readonly _hs_timestamp: number
  readonly _hs_latency?: number | null
  readonly _hs_error?: string | null
  readonly _hs_score?: number | null
  readonly _hs_overall_score?: number | null
  readonly _hs_raw_checks?: Readonly<Record<string, readonly SingleCheckJson[]>> | null
  readonly _hs_metric_checks?: Readonly<Record<string, SingleCheckJson>> | null
  readonly [field: string]: unknown
}

export interface SingleCheckJson {
  readonly check: boolean
  readonly description?: string | null
  readonly threshold?: number | null
  readonly value?: number | null
  readonly metricSpecId?: string | null
  /** Why a metric gave no value. */
  readonly error?: string
}

export interface FieldProfileJson {
  readonly training: ProfileJson | null
  readonly production: ProfileJson | null
}

export type ProfileJson =
  | { readonly NumericalProfile: NumericalProfileJson }
  | { readonly TextProfile: TextProfileJson }

export interface TextProfileJson {
  readonly name: string
  readonly commonStatistics: StatisticsJson
  readonly textStatistics: StatisticsJson
}

export interface NumericalProfileJson {
  readonly name: string
  readonly commonStatistics: StatisticsJson
  readonly quantileStatistics: StatisticsJson
  readonly descriptiveStatistics: StatisticsJson
  readonly histogram: HistogramJson
}

/** `null` is what too few values do not tell. */
export type StatisticsJson = Readonly<Record<string, number | null>>

export interface HistogramJson {
  readonly min: number | null
  readonly max: number | null
  readonly step: number | null
  readonly bars: number
  readonly frequencies: readonly number[]
  readonly bins: readonly number[]
}
