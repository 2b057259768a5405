import { Group, Stack, Text } from '@mantine/core'
import { Handle, type Node, type NodeProps, Position } from '@xyflow/react'
import type { StageJson } from '../api/application-json.ts'
import { VariantBox } from './variant-box.tsx'

type Direction = 'LR' | 'TB'

type StageNodeType = Node<{ stage: StageJson; index: number; direction: Direction }, 'stage'>
type EndNodeType = Node<{ label: string; direction: Direction }, 'end'>

/** A box of the graph: a stage, or where requests come from and answers go. */
export type GraphNode = StageNodeType | EndNodeType

/** A stage with its variants. */
export function StageNode({ data: { stage, index, direction } }: NodeProps<StageNodeType>) {
  return (
    <section className="stage-box nodrag nopan" aria-label={`Stage ${index + 1}`}>
      <Ends direction={direction} />
      <Group justify="space-between" mb={4} wrap="nowrap">
        <Text size="sm" fw={600}>
          Stage {index + 1}
        </Text>
        <Text size="xs" c="dimmed" truncate className="mono">
          {stage.signature.signatureName}
        </Text>
      </Group>
      <Stack gap={4}>
        {stage.modelVariants.map((variant, place) => (
          <VariantBox
            // A version may stand in a stage twice; variants have no names but their places.
            // oxlint-disable-next-line react/no-array-index-key
            key={`${variant.modelVersionId}-${place}`}
            variant={variant}
            stage={index}
            place={place}
          />
        ))}
      </Stack>
    </section>
  )
}

/** Where requests come from, or answers go. */
export function EndNode({ data: { label, direction } }: NodeProps<EndNodeType>) {
  return (
    <div className="stage-box">
      <Ends direction={direction} />
      <Text size="sm" ta="center">
        {label}
      </Text>
    </div>
  )
}

/** Where arrows end and begin; nobody can draw more. */
function Ends({ direction }: { readonly direction: Direction }) {
  const isAcross = direction === 'LR'
  const style = { opacity: 0 }
  return (
    <>
      <Handle
        type="target"
        position={isAcross ? Position.Left : Position.Top}
        isConnectable={false}
        style={style}
        aria-hidden="true"
      />
      <Handle
        type="source"
        position={isAcross ? Position.Right : Position.Bottom}
        isConnectable={false}
        style={style}
        aria-hidden="true"
      />
    </>
  )
}
