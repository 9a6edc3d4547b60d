import { defineConfig } from "vite";

export default defineConfig({
  base: "./", // built files find each other wherever the server is mounted
  build: {
    outDir: "../static/dist",
    emptyOutDir: true,
    manifest: true,
    target: "es2022",
    // older targets make lightningcss rewrite Tabler's light-dark() so that parts of it become invisible
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    chunkSizeWarningLimit: 2000,
    rolldownOptions: {
      input: { main: "islands/main.js" },
      checks: { eval: false }, // htmx has an eval that islands/main.js turns off
    },
  },
});
