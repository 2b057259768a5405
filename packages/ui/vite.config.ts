import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { precompress } from './build/precompress.ts'

/** A platform that runs beside `vite`, for working on the pages. */
const PLATFORM = process.env['MILLRACE_SERVER'] || 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [react(), precompress()],
  build: {
    target: 'es2023',
    // Everything below `assets` has its digest in its name, and may be kept for ever.
    assetsDir: 'assets',
    // A page's policy forbids `data:` for scripts and fonts; small files are files, too.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 800,
    reportCompressedSize: false,
    // Compressing takes longer than building; that is known.
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  server: {
    proxy: Object.fromEntries(
      ['/api/', '/gateway/', '/monitoring/', '/v2/'].map(path => [path, { target: PLATFORM }]),
    ),
  },
})
