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

// Cells of decision tables hold unary tests, which the server checks: dmn-js' editor of FEEL with its parser (0.5 MB) stays out.
const withoutFeel = {
  name: "without-feel",
  enforce: "pre",
  resolveId(source, importer) {
    const asked = source.endsWith("components/LiteralExpression") && importer?.includes("dmn-js-");
    return asked ? this.resolve("dmn-js-shared/lib/components/ContentEditable", importer) : null;
  },
};

export default defineConfig({
  plugins: [ownMobileTables, withoutFeel],
  resolve: { dedupe: ["preact"] }, // the editor of forms brings an older one, whose parts do not fit those of the viewer
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
