import { createContext } from 'react'

/** What the boxes of a graph may ask for. */
export interface GraphActions {
  readonly isUpgrading: boolean
  readonly upgrade: (change: { stage: number; variant: number; versionId: number }) => void
}

export const GraphContext = createContext<GraphActions>({ isUpgrading: false, upgrade: () => {} })
