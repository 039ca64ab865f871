import react from '@vitejs/plugin-react';
import { defaultClientConditions, defineConfig } from 'vite';

const server = 'http://127.0.0.1:8765';

export default defineConfig({
  plugins: [react()],
  // The SDK is read from its source: one build, and its types are checked with the page's.
  resolve: { conditions: ['framejam-source', ...defaultClientConditions] },
  build: {
    outDir: '../../server/framejam_server/studio',
    emptyOutDir: true,
    target: 'es2022',
    // The editor and Yjs are half of it; one file is there at once, from the same server.
    chunkSizeWarningLimit: 800,
  },
  // `npm run dev` shows the page beside a server that runs on its default port.
  server: { proxy: { '/api': server, '/socket': { target: server, ws: true } } },
});
