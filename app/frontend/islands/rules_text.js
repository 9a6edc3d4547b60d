// The text of a rule set: YAML with completion from the fact schema, and errors of the server's compiler at their line.
import { autocompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, defaultHighlightStyle, foldGutter, foldKeymap, syntaxHighlighting } from "@codemirror/language";
import { forceLinting, linter, lintGutter, lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";

import { chinese, text } from "./parts/texts.js";

const PAUSE = 500;
const PHRASES = {
  Find: "查找", Replace: "替换", next: "下一个", previous: "上一个", all: "全部", "match case": "区分大小写", "by word": "整词",
  regexp: "正则", replace: "替换", "replace all": "全部替换", close: "关闭", Diagnostics: "问题", "No diagnostics": "没有问题",
};

const look = EditorView.theme({
  "&": { fontSize: "13px", border: "1px solid var(--yx-line-strong)", borderRadius: "6px", background: "#fff" },
  "&.cm-focused": { outline: "2px solid var(--yx-focus)" },
  ".cm-scroller": { fontFamily: "var(--tblr-font-monospace)", lineHeight: "1.55", maxHeight: "70vh", minHeight: "300px" },
  ".cm-gutters": { background: "#f7f9f9", color: "var(--yx-muted)", borderRight: "1px solid var(--yx-line)" },
});

const plain = (names, type, boost) => (names ?? []).map((one) => ({ label: one.name ?? one, detail: one.label, type, boost }));

function attributes(words, kind) {
  return (words.kinds[kind]?.attributes ?? []).map((one) => ({
    label: one.name,
    detail: [one.label, one.type, one.unit].filter(Boolean).join(" · "),
    type: "property",
    boost: 2,
  }));
}

/** Which kind of fact the condition before the cursor speaks of: `{order: …` or `not: {order: …`. */
function kindBefore(line, words) {
  const found = [...line.matchAll(/([a-z_]+)\s*:/g)].map((match) => match[1]).filter((name) => name in words.kinds);
  return found.at(-1);
}

function valuesFor(words, kind, line) {
  const asked = line.match(/([a-z_]+)\s*(?:==|!=|not in|in)\s*\[?[^\]]*$/);
  const attribute = asked && words.kinds[kind]?.attributes.find((one) => one.name === asked[1]);
  return plain(attribute?.values, "enum", 3).map((one) => ({ ...one, apply: line.endsWith("'") || /'[\w]*$/.test(line) ? one.label : `'${one.label}'` }));
}

function optionsAt(line, words) {
  const key = line.match(/(?:^|[{,\s])(factor|floor|cap|route|signal|tag|of)\s*:\s*\S*$/)?.[1];
  const lists = { factor: words.factors, floor: words.bands, cap: words.bands, route: words.routes, signal: words.signals, tag: words.tags };
  if (key in lists) return plain(lists[key], "constant");
  if (key === "of") return Object.keys(words.kinds).flatMap((kind) => attributes(words, kind).map((one) => ({ ...one, label: `${kind}.${one.label}` })));
  const kind = kindBefore(line, words);
  if (/\bwhen\s*:/.test(line) || kind) {
    const inside = kind ? [...valuesFor(words, kind, line), ...attributes(words, kind), ...plain(words.parameters, "variable"), ...plain(words.operators, "keyword")] : [];
    return [...inside, ...Object.entries(words.kinds).map(([name, one]) => ({ label: name, detail: one.label, type: "class" })), ...plain(["all", "any", "not"], "keyword")];
  }
  if (/\bthen\s*:/.test(line)) return plain(words.then, "keyword");
  if (/\{[\w.]*$/.test(line)) return Object.keys(words.kinds).flatMap((name) => attributes(words, name).map((one) => ({ ...one, label: `${name}.${one.label}` })));
  return plain(words.keys, "keyword");
}

const completion = (words) => (context) => {
  const word = context.matchBefore(/[\w.]+/);
  if (!word && !context.explicit) return null;
  const line = context.state.doc.lineAt(context.pos);
  const options = optionsAt(line.text.slice(0, context.pos - line.from), words);
  return { from: word?.from ?? context.pos, options, validFor: /^[\w.]*$/ };
};

const checked = (address) => async (view) => {
  const body = new FormData();
  body.set("text", view.state.doc.toString());
  body.set("csrf_token", document.querySelector("input[name=csrf_token]").value);
  const answer = await fetch(address, { method: "POST", body, headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (!answer.ok) return [];
  const { problems } = await answer.json();
  return problems.map(({ line, message }) => {
    const place = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines));
    return { from: place.from, to: place.to, severity: "error", message };
  });
};

/** Put an editor in the place of the text field in `place`; the field keeps the text for the form. */
export function mount(place) {
  const field = place.querySelector("textarea");
  const words = JSON.parse(place.dataset.words || "{}");
  const reading = "reading" in place.dataset;
  const keep = EditorView.updateListener.of((update) => {
    if (update.docChanged) field.value = update.state.doc.toString();
  });
  const writing = [history(), autocompletion({ override: [completion(words)] }), linter(checked(place.dataset.check), { delay: PAUSE }), lintGutter(), keep];
  const view = new EditorView({
    parent: place,
    state: EditorState.create({
      doc: field.value,
      extensions: [
        lineNumbers(),
        foldGutter(),
        drawSelection(),
        bracketMatching(),
        highlightActiveLine(),
        highlightSelectionMatches(),
        syntaxHighlighting(defaultHighlightStyle),
        yaml(),
        look,
        EditorState.phrases.of(chinese ? PHRASES : {}),
        // What is only read takes the focus too: how else would the keyboard scroll it?
        EditorView.contentAttributes.of({ "aria-label": field.getAttribute("aria-label") ?? text("Text of the rules"), tabindex: "0" }),
        keymap.of([...completionKeymap, ...lintKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, indentWithTab, ...defaultKeymap]),
        ...(reading ? [EditorState.readOnly.of(true), EditorView.editable.of(false)] : writing),
      ],
    }),
  });
  field.hidden = true;
  if (!reading) forceLinting(view);
}
