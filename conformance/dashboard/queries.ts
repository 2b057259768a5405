import { parser } from '@prometheus-io/lezer-promql'

/** One series that a query asks for. */
export interface Selector {
  readonly metric: string
  /** Labels that it must have: those it is chosen by, and those it is grouped by. */
  readonly labels: ReadonlySet<string>
}

/**
 * The series that a PromQL query reads.
 * @throws SyntaxError for what is no PromQL
 */
export function selectorsOf(query: string): readonly Selector[] {
  // Grafana's own variables stand where a duration or a text is expected.
  const promql = query.replaceAll('$__rate_interval', '5m').replaceAll(/\$\w+/g, 'x')
  const text = (from: number, to: number) => promql.slice(from, to)
  const selectors: { metric: string; labels: Set<string>; from: number; to: number }[] = []
  const groupings: { labels: readonly string[]; from: number; to: number }[] = []
  parser.parse(promql).iterate({
    enter(node) {
      if (node.type.isError) {
        throw new SyntaxError(`no PromQL at position ${node.from} of: ${promql}`)
      }
      if (node.name === 'VectorSelector') {
        const name = node.node.getChild('Identifier')
        const labels = new Set<string>()
        node.node.cursor().iterate(child => {
          if (child.name === 'LabelName') labels.add(text(child.from, child.to))
        })
        const metric = name === null ? '' : text(name.from, name.to)
        selectors.push({ metric, labels, from: node.from, to: node.to })
      }
      if (node.name === 'GroupingLabels') {
        const around = node.node.parent?.parent ?? node.node
        const labels = text(node.from, node.to).replaceAll(/[()]/g, '').split(',')
        groupings.push({ labels: labels.map(label => label.trim()), from: around.from, to: around.to })
      }
    },
  })
  for (const { labels, from, to } of groupings) {
    for (const selector of selectors) {
      if (selector.from >= from && selector.to <= to) for (const label of labels) selector.labels.add(label)
    }
  }
  return selectors
}
