// The few sentences that only the browser can say, in the language of <html lang>.
const ZH = {
  "Please confirm": "请确认",
  Cancel: "取消",
  OK: "确定",
  Close: "关闭",
  "Keyboard shortcuts": "键盘快捷键",
  "Next in the list": "列表中的下一项",
  "Previous in the list": "列表中的上一项",
  "Open the chosen entry": "打开选中的条目",
  "Go to the search": "跳到搜索框",
  "Show this help": "显示本帮助",
  "Close what is open": "关闭打开的内容",
  "Use single-key shortcuts": "启用单键快捷键",
  "You have changes that are not saved.": "有尚未保存的更改。",
  "No connection to the server. Trying again…": "与服务器的连接中断，正在重试……",
  "The server did not answer. Nothing was changed; please try again.": "服务器没有响应。未做任何更改，请重试。",
  "You are signed out. Open the page again to sign in.": "您已退出登录，请重新打开页面登录。",
  "Nothing found": "没有找到",
  "{n} suggestions": "{n} 条建议",
  "Row {n} added": "已添加第 {n} 行",
  "Row {n} removed": "已删除第 {n} 行",
  "This part of the page could not be shown: {reason}": "页面的这一部分无法显示：{reason}",
  Copied: "已复制",
  "Process diagram": "流程图",
  "Zoom in": "放大",
  "Zoom out": "缩小",
  "Whole diagram": "显示全图",
  "To the current step": "定位到当前步骤",
  "Waiting here now": "当前停在此处",
  Done: "已完成",
  "Path taken": "已走路径",
  "Now at: {names}.": "当前步骤：{names}。",
  "The process has ended.": "流程已结束。",
  "Done: {names}.": "已完成：{names}。",
  "Stuck at: {names}.": "卡在：{names}。",
  Stuck: "卡住",
  "Held back": "无法迁移",
  "Held back at: {names}.": "无法迁移：{names}。",
  "Tokens come here": "令牌将到此处",
  "Tokens come to: {names}.": "令牌将到：{names}。",
  "Watched no more": "不再监视",
  "Watched no more: {names}.": "不再监视：{names}。",
  "Watched from then on": "此后开始监视",
  "Watched from then on: {names}.": "此后开始监视：{names}。",
  "First click an element on the old version.": "请先点击旧版本中的元素。",
  "Nothing waits at “{name}”, so there is nothing to choose.": "“{name}”处没有等待的令牌，无需选择。",
  "There is nothing to choose for “{name}”.": "“{name}”没有可选的去向。",
  "“{name}” is chosen. Click where its tokens go.": "已选中“{name}”，请点击其令牌的去向。",
  "Tokens at “{from}” cannot go to “{name}”: it is another kind of element.": "“{from}”处的令牌不能去“{name}”：元素类型不同。",
  "“{from}” goes to “{name}”.": "“{from}”改到“{name}”。",
  Colours: "着色依据",
  "few, short": "少、快",
  "many, long": "多、慢",
  "{name}: {value}": "{name}：{value}",
  "Ctrl + wheel zooms; drag or arrow keys move": "Ctrl + 滚轮缩放；拖动或用方向键移动",
  "Drag to move, two fingers to zoom": "拖动平移，双指缩放",
  "The diagram has no drawing, and making one took too long.": "该流程图没有图形布局，自动布局超时。",
  Total: "合计",
  points: "分",
  "Points by factor": "各因素得分",
  "Text of the rules": "规则文本",
};

export const chinese = document.documentElement.lang.startsWith("zh");

/** The sentence in the reader's language; `{name}` is filled from `values`. */
export function text(sentence, values = {}) {
  const found = chinese ? (ZH[sentence] ?? sentence) : sentence;
  return found.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** The reader's text of `{en, zh}`; plain text passes through. */
export function pick(texts) {
  if (texts == null) return "";
  if (typeof texts !== "object") return String(texts);
  return String((chinese ? texts.zh || texts.en : texts.en || texts.zh) ?? "");
}
