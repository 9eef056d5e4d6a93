import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// `npx vite` serves the portal while it is worked on, before the API of `make run`.
export default defineConfig({
  plugins: [react()],
  build: { outDir: 'dist', emptyOutDir: true, assetsDir: 'assets', target: 'es2022' },
  server: { proxy: { '/api': 'http://127.0.0.1:8080' } },
})
