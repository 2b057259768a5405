import { Stack, Text } from '@mantine/core'
import type { NumericalProfileJson, ProfileJson, StatisticsJson } from '../api/monitoring-json.ts'
import { Details } from '../parts/details.tsx'
import { Empty } from '../parts/empty.tsx'
import { Histogram } from './histogram.tsx'

/** Statistics of a field, and how its values lie. */
export function ProfileView({
  profile,
  ifNone,
}: {
  readonly profile: ProfileJson | null
  readonly ifNone: string
}) {
  if (profile === null) return <Empty title="Nothing to show.">{ifNone}</Empty>
  if ('NumericalProfile' in profile) return <Numerical profile={profile.NumericalProfile} />
  const { commonStatistics, textStatistics } = profile.TextProfile
  return <Details rows={[...rowsOf(commonStatistics), ...rowsOf(textStatistics)]} />
}

function Numerical({ profile }: { readonly profile: NumericalProfileJson }) {
  const { name, commonStatistics, quantileStatistics, descriptiveStatistics, histogram } = profile
  return (
    <Stack>
      <Text size="sm" className="mono">
        {name}
      </Text>
      {histogram.bars > 0 && <Histogram histogram={histogram} label={`Distribution of ${name}`} />}
      <Details
        rows={[...rowsOf(commonStatistics), ...rowsOf(quantileStatistics), ...rowsOf(descriptiveStatistics)]}
      />
    </Stack>
  )
}

function rowsOf(statistics: StatisticsJson) {
  return Object.entries(statistics).map(([name, value]) => [wordsOf(name), valueText(value)] as const)
}

/** `percentile5` and `standardDeviation` as people write them. */
function wordsOf(name: string): string {
  const words = name
    .replaceAll(/([a-z])([A-Z\d])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function valueText(value: number | null): string {
  if (value === null) return '–'
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)))
}
