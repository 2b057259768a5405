import { Alert, Button, Group, SimpleGrid, Stack, Tabs, Text } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { predict, predictionPath } from '../api/commands.ts'
import { exampleQuery } from '../api/queries.ts'
import { layOutJson } from '../format/json-text.ts'
import { curlSnippet, pythonSnippet, typescriptSnippet } from '../format/snippets.ts'
import { CodeText } from '../parts/code-text.tsx'
import { JsonEditor } from '../parts/json-editor.tsx'
import { Problem } from '../parts/problem.tsx'
import { QueryView } from '../parts/query-view.tsx'

/** Asks an application, first with a request that the platform makes up. */
export function TestPanel({ name, isReady }: { readonly name: string; readonly isReady: boolean }) {
  const query = useQuery(exampleQuery(name))
  return (
    <QueryView query={query} what="an example request">
      {example => <Request name={name} example={layOutJson(example)} isReady={isReady} />}
    </QueryView>
  )
}

interface RequestProps {
  readonly name: string
  readonly example: string
  readonly isReady: boolean
}

function Request({ name, example, isReady }: RequestProps) {
  const [body, setBody] = useState(example)
  const prediction = useMutation({
    mutationFn: async () => {
      const startMs = performance.now()
      const text = await predict(name, body)
      return { text: layOutJson(text), tookMs: performance.now() - startMs }
    },
  })
  const mistake = jsonMistake(body)
  const request = { url: new URL(predictionPath(name), window.location.href).href, body }
  return (
    <Tabs defaultValue="test" keepMounted={false}>
      <Tabs.List mb="sm" aria-label="How to ask">
        <Tabs.Tab value="test">Here</Tabs.Tab>
        <Tabs.Tab value="curl">cURL</Tabs.Tab>
        <Tabs.Tab value="python">Python</Tabs.Tab>
        <Tabs.Tab value="typescript">TypeScript</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="test">
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          <Stack gap="xs">
            <Text fw={500}>Request</Text>
            <JsonEditor label="Request as JSON" value={body} onChange={setBody} />
            {mistake !== undefined && (
              <Alert color="red" role="alert">
                {mistake}
              </Alert>
            )}
            <Group>
              <Button
                disabled={mistake !== undefined || !isReady}
                loading={prediction.isPending}
                onClick={() => prediction.mutate()}
              >
                Send
              </Button>
              <Button variant="default" disabled={body === example} onClick={() => setBody(example)}>
                Back to the example
              </Button>
            </Group>
          </Stack>
          <Stack gap="xs" aria-live="polite">
            <Text fw={500}>Answer</Text>
            {prediction.data === undefined && prediction.error === null && (
              <Text size="sm" c="dimmed">
                Send the request to see it.
              </Text>
            )}
            {prediction.error !== null && <Problem title="No prediction" error={prediction.error} />}
            {prediction.data !== undefined && (
              <>
                <JsonEditor label="Answer as JSON" value={prediction.data.text} />
                <Text size="xs" c="dimmed">
                  {prediction.data.tookMs.toFixed(0)} ms, seen from here
                </Text>
              </>
            )}
          </Stack>
        </SimpleGrid>
      </Tabs.Panel>
      <Tabs.Panel value="curl">
        <CodeText label="cURL" text={curlSnippet(request)} />
      </Tabs.Panel>
      <Tabs.Panel value="python">
        <CodeText label="Python" text={pythonSnippet(request)} />
      </Tabs.Panel>
      <Tabs.Panel value="typescript">
        <CodeText label="TypeScript" text={typescriptSnippet(request)} />
      </Tabs.Panel>
    </Tabs>
  )
}

function jsonMistake(text: string): string | undefined {
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
