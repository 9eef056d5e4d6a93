import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

// A browser asks for six files at a time: what the first screen needs is one file, and so is what other pages have in common.
const codeSplitting = {
  groups: [
    { name: 'portal', tags: ['$initial' as const], test: (id: string) => !id.endsWith('/src/early.ts'), priority: 1 },
    { name: 'shared', minShareCount: 2 },
  ],
}

/** usedStyles has the styles of the library's components come with the components that are used, instead of all of them at once. */
const usedStyles: Plugin = {
  name: 'used-styles',
  apply: 'build',
  enforce: 'pre',
  transform(code, id) {
    if (id.endsWith('/@mantine/core/styles.css')) return ['baseline', 'default-css-variables', 'global'].map((name) => `@import './styles/${name}.css';`).join('\n')
    const component = /\/@mantine\/core\/esm\/.*\/(\w+)\.module\.mjs$/.exec(id)?.[1]
    return component && { code: `import '@mantine/core/styles/${component}.css'\n${code}`, map: null }
  },
}

/** early puts src/early.ts into the page itself, so that it runs before anything else has come. The page's policy knows it by its hash. */
const early: Plugin = {
  name: 'early',
  apply: 'build',
  transformIndexHtml: {
    order: 'post',
    handler: (_, { bundle }) => {
      const file = Object.values(bundle ?? {}).find((f) => f.type === 'chunk' && f.isEntry && f.name === 'early')
      if (file?.type !== 'chunk') return
      delete bundle![file.fileName]
      return [{ tag: 'script', children: file.code.trim(), injectTo: 'head-prepend' }]
    },
  },
}

// `npx vite` serves the portal while it is worked on, before the API of `make run`.
export default defineConfig({
  plugins: [react(), usedStyles, early],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    assetsDir: 'assets',
    target: 'es2022',
    chunkSizeWarningLimit: 1000,
    rolldownOptions: { input: ['index.html', 'src/early.ts'], output: { codeSplitting } },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8080' } },
})
