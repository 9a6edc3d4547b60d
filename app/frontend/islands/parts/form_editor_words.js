// What the editor of forms says, in Chinese: it writes without asking, so it is put into the reader's language as it comes.
import { chinese } from "./texts.js";

const WORDS = {
  Action: "动作",
  "Additional details are optional. The expected format is as follows:": "其他内容可选。格式如下：",
  "Allow add/delete items": "可增删项目",
  "Allows arbitrary precision values": "允许任意精度",
  "Alternative text": "替代文本",
  Appearance: "外观",
  Auto: "自动",
  "Binds to a form variable": "与表单变量对应",
  Bottom: "底部",
  Button: "按钮",
  Center: "居中",
  Checkbox: "勾选框",
  "Checkbox group": "多选组",
  Checked: "勾选",
  Column: "列",
  Columns: "列数",
  Components: "组件",
  Condition: "条件",
  "Condition under which the field is hidden": "何时隐藏此字段",
  "Input data": "输入数据",
  Static: "固定",
  "Compute on": "何时计算",
  Constraints: "约束",
  Container: "容器",
  Containers: "容器",
  Content: "内容",
  Custom: "自定义",
  "Custom error message": "自定义提示",
  "Custom properties": "自定义属性",
  "Custom regular expression": "自定义正则表达式",
  "Data source": "数据来源",
  Date: "日期",
  "Date label": "日期标题",
  "Date time": "日期时间",
  "Decimal digits": "小数位数",
  "Default number of items": "默认项数",
  "Default value": "默认值",
  Delete: "删除",
  "Descriptive text for screen reader accessibility.": "供读屏软件使用的说明。",
  "Disable collapse": "不可收起",
  Disabled: "停用",
  "Disallow past dates": "不可选过去日期",
  "Document preview": "文档预览",
  "Document reference": "文档引用",
  "Drag and drop components here": "把组件拖到此处",
  "Build your form": "搭建表单",
  "Drag and drop components here to start designing.": "把组件拖到此处开始设计。",
  "Use the preview window to test your form.": "在预览中测试表单。",
  "Dynamic list": "动态列表",
  "Dynamic options": "动态选项",
  Email: "电子邮箱",
  Expression: "表达式",
  "Field description": "字段说明",
  "Field label": "字段标题",
  "File picker": "选择文件",
  Form: "表单",
  FORM: "表单",
  "Form components": "表单组件",
  "Form submission": "提交表单时",
  General: "基本",
  Group: "分组",
  "HTML view": "网页内容",
  Height: "高度",
  "Height of the container in pixels.": "容器高度（像素）。",
  Hide: "隐藏",
  "Hide if": "何时隐藏",
  ID: "编号",
  "Image source": "图片来源",
  "Image view": "图片",
  Increment: "步长",
  Input: "输入",
  "Input values key": "选项来源的键",
  Inputs: "输入",
  Key: "键",
  Label: "标题",
  Layout: "布局",
  "Learn more": "了解更多",
  "List of items": "项目列表",
  "Max height of preview container": "预览最大高度",
  Maximum: "最大值",
  "Maximum length": "最大长度",
  Minimum: "最小值",
  "Minimum length": "最小长度",
  "Multiple form fields are selected. Select a single form field to edit its properties.": "选中了多个字段。选中一个即可编辑其属性。",
  "Not checked": "未勾选",
  Number: "数字",
  "Number of non-collapsing items": "不收起的项数",
  "Number of rows per page": "每页行数",
  "Opened in popup": "已在弹窗中打开",
  "Options expression": "选项表达式",
  "Options source": "选项来源",
  "Output as string": "以文本输出",
  Pagination: "分页",
  Path: "路径",
  Phone: "电话",
  Prefix: "前缀",
  Presentation: "展示",
  "Radio group": "单选组",
  "Read only": "只读",
  Repeatable: "可重复",
  Required: "必填",
  Reset: "重置",
  "Search components": "搜索组件",
  Searchable: "可搜索",
  Select: "下拉选择",
  "Select a form field to edit its properties.": "选中一个字段即可编辑其属性。",
  Selection: "选择",
  Separator: "分隔线",
  Serialization: "输出",
  "Show outline": "显示边框",
  Spacer: "空白",
  "Static options": "固定选项",
  Submit: "提交",
  Subtype: "子类型",
  Suffix: "后缀",
  "Supported file formats": "支持的文件格式",
  Table: "表格",
  "Tag list": "标签列表",
  "Target value": "目标值",
  Text: "文本",
  "Text area": "多行文本",
  "Text field": "单行文本",
  "Text view": "文字说明",
  "The error message to display when the input does not match the regular expression.": "输入不符合正则表达式时的提示。",
  Time: "时间",
  "Time format": "时间格式",
  "Time interval": "时间间隔",
  "Time label": "时间标题",
  Top: "顶部",
  Type: "类型",
  "Upload multiple files": "可选多个文件",
  "Use 24h": "24 小时制",
  "Date & Time": "日期和时间",
  Validation: "校验",
  "Validation pattern": "校验规则",
  Value: "值",
  "Value changes": "值变化时",
  Values: "选项",
  Version: "版本",
  "Version tag": "版本标签",
  "Version tag by which this form can be referenced.": "引用此表单所用的版本标签。",
  "Vertical alignment": "垂直对齐",
  "Where the child variables of this component are pathed to.": "子变量存放的路径。",
  iFrame: "嵌入网页",
  "No components found.": "没有找到组件。",
  "<none>": "<无>",
  "<empty>": "<空>",
  "<custom>": "<自定义>",
  "Toggle section": "展开或收起此节",
  "Toggle list item": "展开或收起此项",
  "Delete item": "删除此项",
  "Create new list item": "新建列表项",
  Create: "创建",
  "Section contains edits": "此节有内容",
  "Section contains an error": "此节有误",
  "Open pop-up editor": "打开编辑窗口",
  "Open documentation": "打开说明",
  "Click to set a dynamic value with FEEL expression": "点击改用表达式",
  "Click to remove dynamic value with FEEL expression": "点击取消表达式",
  "Move field": "移动字段",
  "Resize": "调整大小",
  "Remove form field": "删除字段",
  "Checkbox checked": "已勾选",
};

/** Put what the library writes into the reader's language; labels that people wrote stay. */
export function translateForms(box) {
  if (!chinese) return;
  const PLACES = ".fjs-palette-container, .fjs-properties-container, .fjs-empty-component, .fjs-empty-editor, .fjs-context-pad";
  const changeText = (node) => {
    const said = node.data.trim().replace(/\s+/g, " ");
    if (!(said in WORDS) || !node.parentElement?.closest(PLACES)) return;
    if (node.parentElement.closest(".bio-properties-panel-input, option[value]:not([value='']), .bio-properties-panel-header-label")) {
      if (!node.parentElement.closest("option")) return;
    }
    node.data = node.data.replace(node.data.trim(), WORDS[said]);
  };
  const change = (element) => {
    for (const name of ["title", "aria-label", "placeholder"]) {
      const written = element.getAttribute?.(name)?.trim();
      if (!written) continue;
      if (/^Create (a|an) (.+) element$/.test(written)) element.setAttribute(name, `创建${WORDS[RegExp.$2] ?? RegExp.$2}`);
      else if (/^Remove (.+)$/.test(written)) element.setAttribute(name, `删除${WORDS[RegExp.$1] ?? RegExp.$1}`);
      else if (/^List contains (\d+) items?$/.test(written)) element.setAttribute(name, `列表共 ${RegExp.$1} 项`);
      else if (written in WORDS) element.setAttribute(name, WORDS[written]);
    }
  };
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return changeText(node);
    if (node.nodeType !== Node.ELEMENT_NODE) return;
    change(node);
    for (const child of node.childNodes) walk(child);
  };
  new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === "attributes") change(target);
      else if (type === "characterData") changeText(target);
      else for (const node of addedNodes) walk(node);
    }
  }).observe(box, { childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: ["title", "placeholder", "aria-label"] });
}
