import { Accordion, Badge, Group, Stack, Text } from '@mantine/core'
import type { CheckJson, SingleCheckJson } from '../api/monitoring-json.ts'
import { DataTable } from '../parts/data-table.tsx'
import { Details } from '../parts/details.tsx'
import { RelativeTime } from '../parts/relative-time.tsx'
import { fieldValues, type Verdict, verdictOf } from './chart-series.ts'
import { idText } from './heat-grid-rows.ts'

/** More would only be scrolled past. */
const SHOWN_MAX = 200

const COLORS: Readonly<Record<Verdict, string>> = { passed: 'teal', failed: 'red', 'not checked': 'gray' }

/** Requests, each to be opened. */
export function RequestList({ checks }: { readonly checks: readonly CheckJson[] }) {
  return (
    <Stack gap="xs">
      <Accordion variant="contained" multiple keepMounted={false} order={4}>
        {checks.slice(0, SHOWN_MAX).map(check => {
          const key = `${idText(check._id)}-${check._hs_request_id ?? ''}-${check._hs_timestamp}`
          return (
            <Accordion.Item key={key} value={key}>
              <Accordion.Control>
                <Group gap="sm">
                  <Badge variant="light" color={COLORS[verdictOf(check)]} tt="none">
                    {verdictOf(check)}
                  </Badge>
                  <RelativeTime time={check._hs_timestamp} />
                  <Text size="sm" c="dimmed">
                    {latencyText(check)}
                  </Text>
                </Group>
              </Accordion.Control>
              <Accordion.Panel>
                <RequestDetails check={check} />
              </Accordion.Panel>
            </Accordion.Item>
          )
        })}
      </Accordion>
      {checks.length > SHOWN_MAX && (
        <Text size="sm">{checks.length - SHOWN_MAX} more; /monitoring/checks has all of them.</Text>
      )}
    </Stack>
  )
}

function RequestDetails({ check }: { readonly check: CheckJson }) {
  const singles = [
    ...Object.entries(check._hs_raw_checks ?? {}).flatMap(([name, list]) =>
      list.map(single => ({ name, single })),
    ),
    ...Object.entries(check._hs_metric_checks ?? {}).map(([name, single]) => ({ name, single })),
  ]
  return (
    <Stack>
      <Details
        rows={[
          [
            'Request',
            <span key="id" className="mono">
              {check._hs_request_id ?? '–'}
            </span>,
          ],
          ...((check._hs_error ?? null) === null ? [] : [['Error', check._hs_error] as const]),
          ...fieldValues(check).map(
            ([name, value]) =>
              [
                name,
                <span key={name} className="mono">
                  {JSON.stringify(value)}
                </span>,
              ] as const,
          ),
        ]}
      />
      {singles.length > 0 && (
        <DataTable
          caption="Checks of the request"
          rows={singles.map((row, index) => ({ ...row, index }))}
          keyOf={({ index }) => String(index)}
          columns={[
            { title: 'Field or metric', cell: ({ name }) => name },
            { title: 'Check', cell: ({ single }) => single.error ?? single.description ?? '–' },
            { title: 'Value', cell: ({ single }) => single.value ?? '–' },
            { title: 'Threshold', cell: ({ single }) => single.threshold ?? '–' },
            { title: 'Result', cell: ({ single }) => <Result single={single} /> },
          ]}
        />
      )}
    </Stack>
  )
}

function Result({ single: { check } }: { readonly single: SingleCheckJson }) {
  return (
    <Badge variant="light" color={check ? 'teal' : 'red'} tt="none">
      {check ? 'passed' : 'failed'}
    </Badge>
  )
}

function latencyText({ _hs_latency }: CheckJson): string {
  return _hs_latency === null || _hs_latency === undefined ? '' : `${Number(_hs_latency.toPrecision(4))} ms`
}
