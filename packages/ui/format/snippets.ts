/** One request as programs write it. */
export interface SnippetRequest {
  /** With the origin. */
  readonly url: string
  /** JSON. */
  readonly body: string
}

/** For a POSIX shell. */
export function curlSnippet({ url, body }: SnippetRequest): string {
  return `curl -s ${quoted(url)} \\\n  -H 'content-type: application/json' \\\n  -d ${quoted(body)}`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

/** With the requests library. The body is sent as it stands, in whose JSON Python's names differ. */
export function pythonSnippet({ url, body }: SnippetRequest): string {
  return [
    'import requests',
    '',
    'response = requests.post(',
    `    ${JSON.stringify(url)},`,
    `    data=${pythonText(body)},`,
    '    headers={"content-type": "application/json"},',
    ')',
    'response.raise_for_status()',
    'print(response.json())',
  ].join('\n')
}

/** What JSON escapes, Python reads alike; everything else, emoji too, is written as it is. */
function pythonText(text: string): string {
  return JSON.stringify(text)
}

/** For Node.js and browsers. */
export function typescriptSnippet({ url, body }: SnippetRequest): string {
  return [
    `const response = await fetch(${JSON.stringify(url)}, {`,
    "  method: 'POST',",
    "  headers: { 'content-type': 'application/json' },",
    `  body: JSON.stringify(${body.replaceAll('\n', '\n  ')}),`,
    '})',
    'if (!response.ok) throw new Error(await response.text())',
    'console.log(await response.json())',
  ].join('\n')
}
