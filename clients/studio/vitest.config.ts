import { defaultClientConditions } from 'vite';
import { defineConfig } from 'vitest/config';

// The SDK from its source, as in the build.
export default defineConfig({
  resolve: { conditions: ['framejam-source', ...defaultClientConditions] },
  ssr: { resolve: { conditions: ['framejam-source', ...defaultClientConditions] } },
});
