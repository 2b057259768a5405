import '@xyflow/react/dist/style.css'
import { useComputedColorScheme } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type Edge, MarkerType, ReactFlow } from '@xyflow/react'
import { useMemo } from 'react'
import type { ApplicationJson } from '../api/application-json.ts'
import { saveApplication } from '../api/commands.ts'
import { KEYS } from '../api/queries.ts'
import { Problem } from '../parts/problem.tsx'
import { tell } from '../parts/tell.ts'
import { bodyOf, withVersion } from './application-draft.ts'
import { GraphContext } from './graph-context.ts'
import { type BoxSize, layOutGraph } from './graph-layout.ts'
import { EndNode, type GraphNode, StageNode } from './graph-nodes.tsx'

/** Below this width stages stand below each other. */
const NARROW = 700
const STAGE_WIDTH = 250
const HEAD_HEIGHT = 48
const VARIANT_HEIGHT = 62
const END_SIZE = { width: 90, height: 40 }
/** Around the boxes; and what the graph may take of the page, in pixels. */
const MARGIN = 48
const HEIGHT_MIN = 160
const HEIGHT_MAX = 640

const nodeTypes = { stage: StageNode, end: EndNode }

/** The stages of an application from request to response, each with its variants. */
export function StageGraph({ application }: { readonly application: ApplicationJson }) {
  const { ref, width } = useElementSize()
  const direction = width === 0 || width >= NARROW ? 'LR' : 'TB'
  const scheme = useComputedColorScheme('light')
  const client = useQueryClient()
  const upgrade = useMutation({
    mutationFn: ({ stage, variant, versionId }: { stage: number; variant: number; versionId: number }) =>
      saveApplication(bodyOf(withVersion(application, { stage, variant }, versionId))),
    onSuccess: () => {
      tell(`application ${application.name} changes as soon as the new version serves`)
      return client.invalidateQueries({ queryKey: KEYS.applications })
    },
  })
  const { nodes, edges, height } = useMemo(() => graphOf(application, direction), [application, direction])
  const context = useMemo(
    () => ({ isUpgrading: upgrade.isPending, upgrade: upgrade.mutate }),
    [upgrade.isPending, upgrade.mutate],
  )
  return (
    <>
      {upgrade.error !== null && (
        <Problem title="It was not upgraded, and answers as before" error={upgrade.error} />
      )}
      <div ref={ref} className="stage-graph" style={{ height }}>
        <GraphContext value={context}>
          <ReactFlow
            key={direction}
            nodes={nodes}
            edges={edges}
            nodeTypes={nodeTypes}
            colorMode={scheme}
            fitView
            fitViewOptions={{ maxZoom: 1, padding: 0.1 }}
            minZoom={0.2}
            nodesDraggable={false}
            nodesConnectable={false}
            nodesFocusable={false}
            edgesFocusable={false}
            elementsSelectable={false}
            zoomOnScroll={false}
            preventScrolling={false}
            proOptions={{ hideAttribution: true }}
            aria-label={`Stages of ${application.name}`}
          />
        </GraphContext>
      </div>
    </>
  )
}

function graphOf({ executionGraph: { stages } }: ApplicationJson, direction: 'LR' | 'TB') {
  const boxes: readonly BoxSize[] = [
    { id: 'request', ...END_SIZE },
    ...stages.map(({ modelVariants }, index) => ({
      id: `stage-${index}`,
      width: STAGE_WIDTH,
      height: HEAD_HEIGHT + VARIANT_HEIGHT * modelVariants.length,
    })),
    { id: 'response', ...END_SIZE },
  ]
  const arrows = boxes.slice(1).map(({ id }, index) => ({ from: boxes[index]!.id, to: id }))
  const places = layOutGraph(boxes, arrows, direction)
  const nodes: GraphNode[] = boxes.map(({ id, width, height }, index) => {
    const place = { id, width, height, position: places.get(id)!, style: { pointerEvents: 'all' as const } }
    const stage = stages[index - 1]
    return stage === undefined
      ? { ...place, type: 'end', data: { label: id, direction } }
      : { ...place, type: 'stage', data: { stage, index: index - 1, direction } }
  })
  const edges: Edge[] = arrows.map(({ from, to }) => ({
    id: `${from}-${to}`,
    source: from,
    target: to,
    markerEnd: { type: MarkerType.ArrowClosed },
  }))
  const bottom = Math.max(...boxes.map(({ id, height }) => places.get(id)!.y + height))
  return { nodes, edges, height: Math.min(HEIGHT_MAX, Math.max(HEIGHT_MIN, bottom + MARGIN)) }
}
