import { defineConfig } from "vite";

// Tabler turns `table-mobile` into cards at every width; ours does so on phones only (styles/parts.css).
const ownMobileTables = {
  name: "own-mobile-tables",
  enforce: "pre",
  transform(code, id) {
    if (!id.endsWith("tabler.min.css")) return null;
    return { code: code.replace(/(?<=[{}])(?:\.table-mobile(?![\w-])[^{},]*,?)+\{[^{}]*\}/g, ""), map: null };
  },
};

export default defineConfig({
  plugins: [ownMobileTables],
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
