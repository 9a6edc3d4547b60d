// The editor of decision tables put together from the library's parts: without its drawings, FEEL and what our tables do not know
// (times, durations, expression languages).
import DecisionTableViewer from "dmn-js-decision-table/lib/Viewer";
import addRule from "dmn-js-decision-table/lib/features/add-rule";
import annotations from "dmn-js-decision-table/lib/features/annotations/editor";
import cellSelection from "dmn-js-decision-table/lib/features/cell-selection";
import columnResize from "dmn-js-decision-table/lib/features/column-resize";
import cellMenu from "dmn-js-decision-table/lib/features/context-menu";
import copyCutPaste from "dmn-js-decision-table/lib/features/copy-cut-paste";
import copyCutPasteKeys from "dmn-js-decision-table/lib/features/copy-cut-paste/key-bindings";
import createInputs from "dmn-js-decision-table/lib/features/create-inputs";
import rulesEditor from "dmn-js-decision-table/lib/features/decision-rules/editor";
import headEditor from "dmn-js-decision-table/lib/features/decision-table-head/editor";
import propertiesEditor from "dmn-js-decision-table/lib/features/decision-table-properties/editor";
import description from "dmn-js-decision-table/lib/features/description";
import dragAndDrop from "dmn-js-decision-table/lib/features/drag-and-drop";
import tableActions from "dmn-js-decision-table/lib/features/editor-actions";
import hitPolicy from "dmn-js-decision-table/lib/features/hit-policy/editor";
import keyboard from "dmn-js-decision-table/lib/features/keyboard";
import modeling from "dmn-js-decision-table/lib/features/modeling";
import simpleBoolean from "dmn-js-decision-table/lib/features/simple-boolean-edit";
import simpleDate from "dmn-js-decision-table/lib/features/simple-date-edit";
import simpleMode from "dmn-js-decision-table/lib/features/simple-mode";
import simpleNumber from "dmn-js-decision-table/lib/features/simple-number-edit";
import simpleString from "dmn-js-decision-table/lib/features/simple-string-edit";
import EditingManager from "dmn-js-shared/lib/base/EditingManager";
import dataTypes from "dmn-js-shared/lib/features/data-types";
import expressionLanguages from "dmn-js-shared/lib/features/expression-languages";
import contextMenu from "table-js/lib/features/context-menu";
import editorActions from "table-js/lib/features/editor-actions";
import interactionEvents from "table-js/lib/features/interaction-events";
import selection from "table-js/lib/features/selection";

const WRITING = [
  addRule, annotations, cellSelection, columnResize, cellMenu, copyCutPaste, copyCutPasteKeys, createInputs, rulesEditor, headEditor,
  propertiesEditor, description, dragAndDrop, tableActions, hitPolicy, keyboard, modeling, simpleBoolean, simpleDate, simpleMode,
  simpleNumber, simpleString, dataTypes, expressionLanguages, contextMenu, editorActions, interactionEvents, selection,
];
const TYPES = ["string", "boolean", "integer", "number", "date"];
const UNARY = "https://www.omg.org/spec/DMN/20191111/FEEL/"; // what DMN means when an entry names no language

class TableEditor extends DecisionTableViewer {
  getModules() {
    return [...DecisionTableViewer._getModules(), ...WRITING];
  }
}

class Documents extends EditingManager {
  _getViewProviders() {
    return [
      {
        id: "decisionTable",
        constructor: TableEditor,
        opens: (element) => element.$type === "dmn:Decision" && element.decisionLogic?.$type === "dmn:DecisionTable",
      },
    ];
  }
}

/** An editor in `container`; `translate` says the library's texts, `additionalModules` are ours. */
export function editorIn(container, translate, additionalModules) {
  return new Documents({
    container,
    common: {
      dataTypes: TYPES,
      debounceInput: false, // what is typed counts at once: nothing is lost by saving quickly
      expressionLanguages: { options: [{ label: "DMN", value: UNARY }], defaults: { editor: UNARY } },
    },
    decisionTable: { additionalModules: [...additionalModules, { translate: ["value", translate] }] },
  });
}
