import { type CSSVariablesResolver, createTheme, type MantineColorScheme } from '@mantine/core'

export const DEFAULT_COLOR_SCHEME: MantineColorScheme = 'auto'

export const theme = createTheme({
  primaryColor: 'cyan',
  // Dark enough for white text on it, in both schemes.
  primaryShade: 9,
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    // Links are as large as the words around them.
    Anchor: { defaultProps: { inherit: true } },
    Table: { defaultProps: { verticalSpacing: 'xs' } },
    Tooltip: { defaultProps: { openDelay: 300, events: { hover: true, focus: true, touch: false } } },
  },
})

/** Text on tinted ground, as dark as it takes for a contrast of 4.5. */
const TINTED = { cyan: '#084f5c', teal: '#05583f', blue: '#134a80', red: '#9b1c1c', gray: '#343a40' } as const

/** The library's defaults are too pale to be read by everybody. */
export const variables: CSSVariablesResolver = () => ({
  variables: {
    '--mantine-primary-color-filled-hover': '#095f70',
    '--mantine-color-cyan-filled-hover': '#095f70',
    '--mantine-color-red-filled-hover': '#a61e1e',
  },
  light: {
    '--mantine-color-dimmed': 'var(--mantine-color-gray-7)',
    '--mantine-color-placeholder': 'var(--mantine-color-gray-7)',
    '--mantine-color-error': 'var(--mantine-color-red-9)',
    '--mantine-color-anchor': 'var(--mantine-color-cyan-9)',
    ...Object.fromEntries(
      Object.entries(TINTED).map(([color, text]) => [`--mantine-color-${color}-light-color`, text]),
    ),
  },
  dark: {
    '--mantine-color-dimmed': 'var(--mantine-color-dark-0)',
    '--mantine-color-placeholder': 'var(--mantine-color-dark-1)',
    '--mantine-color-error': 'var(--mantine-color-red-4)',
    '--mantine-color-anchor': 'var(--mantine-color-cyan-4)',
    ...Object.fromEntries(
      Object.keys(TINTED).map(color => [
        `--mantine-color-${color}-light-color`,
        `var(--mantine-color-${color}-2)`,
      ]),
    ),
  },
})
